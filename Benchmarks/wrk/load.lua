-- Sends GET / on each connection, DEPTH requests at once: wrk … -s load.lua URL -- DEPTH
-- wrk sends the next batch after the last answer of the previous one. The last line of output is for run.sh:
--   RESULT requests microseconds errors p50 p99 mean   (latencies in microseconds)

function init(arguments)
    local depth = tonumber(arguments[1]) or 1
    -- Without a request function wrk repeats one prepared request, which needs less CPU.
    if depth > 1 then
        local batch = string.rep(wrk.format("GET", "/"), depth)
        request = function() return batch end
    end
end

function done(summary, latency)
    local e = summary.errors
    local errors = e.connect + e.read + e.write + e.status + e.timeout
    io.write(string.format("RESULT %d %d %d %d %d %.1f\n",
        summary.requests, summary.duration, errors, latency:percentile(50), latency:percentile(99), latency.mean))
end
