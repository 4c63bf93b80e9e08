/// Connections that wait for a place in the workers' queue, first in, first out.
struct WaitingJobs {
    private var jobs: ContiguousArray<ConnectionJob> = []
    private var head = 0

    var count: Int { jobs.count - head }
    var first: ConnectionJob? { head < jobs.count ? jobs[head] : nil }

    mutating func append(_ job: ConnectionJob) { jobs.append(job) }

    mutating func removeFirst() {
        head += 1
        if head == jobs.count || head > 1_024 {
            jobs.removeFirst(head)
            head = 0
        }
    }
}
