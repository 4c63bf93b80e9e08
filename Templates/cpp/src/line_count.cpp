// Counts lines. The plugin answers each line of a peer with its number and its length.
//
// The host keeps unconsumed input and presents it again together with the bytes that follow, so the plugin needs no
// buffer. No exception may leave a callback: callbacks catch everything that can be thrown.

#include "martlet.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <iterator>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>

namespace {

constexpr std::string_view version = "1.0.0";

constexpr martlet_text text(std::string_view view) { return {view.data(), view.size()}; }
std::string_view view(martlet_text text) {
    return text.data ? std::string_view(text.data, text.length) : std::string_view();
}

// One for each listener and generation. Its sessions run on several threads, so everything that they share must be
// thread-safe.
struct Instance {
    std::size_t max_line = 0; // bytes
    std::string greeting;     // with its LF
    martlet_metric lines_total = 0;
    const martlet_metrics *metrics = nullptr; // null: this host does not have them
    martlet_metric line_bytes = 0;
    std::atomic<std::uint64_t> lines{0};
};

// One for each peer, in the host's memory, initially all 0. Its callbacks run one after the other. It is plain: the host
// may copy it, so it contains no pointers. When you change it, change `session_layout` too.
struct Session {
    std::uint64_t lines;
};
static_assert(std::is_trivial_v<Session>, "the host neither constructs nor destroys it");

// The context of one callback.
class Turn {
public:
    Turn(const martlet_env *env, void *session, martlet_connection *connection)
        : env(env), instance(*static_cast<Instance *>(env->state)), session(*static_cast<Session *>(session)),
          connection(connection) {}

    void open() {
        if (!instance.greeting.empty()) write(instance.greeting);
    }

    // Returns how many bytes are consumed.
    std::size_t receive(std::string_view input) {
        std::size_t consumed = 0;
        while (consumed < input.size()) {
            const auto rest = input.substr(consumed);
            const auto end = rest.find('\n');
            const auto length = std::min(end, rest.size());
            // One more byte for the CR.
            if (length > instance.max_line + 1) {
                // Not MARTLET_ERROR_PEER: it would drop the answer.
                write("error: line too long\n");
                env->host->close(connection);
                return input.size();
            }
            if (end == rest.npos) break;
            consumed += length + 1;
            // After FULL the host presents the rest again; after `close` the rest does not matter.
            if (take(rest.substr(0, length)) != MARTLET_OK) break;
        }
        return consumed;
    }

private:
    // Any result but OK means stop: the peer does not read (FULL), or the connection is closing.
    martlet_result take(std::string_view line) {
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (line == "quit") {
            answer("bye ", session.lines);
            env->host->close(connection);
            return MARTLET_ERROR_CLOSED;
        }
        session.lines++;
        instance.lines.fetch_add(1, std::memory_order_relaxed);
        env->host->metric_add(env->instance, instance.lines_total, 1);
        if (instance.metrics) instance.metrics->observe(env->instance, instance.line_bytes, line.size());
        return answer("", session.lines, line.size());
    }

    martlet_result write(std::string_view bytes) { return env->host->write(connection, bytes.data(), bytes.size()); }

    template <typename... Numbers> martlet_result answer(std::string_view word, Numbers... numbers) {
        char buffer[64];
        char *end = std::copy(word.begin(), word.end(), buffer);
        ((end = std::to_chars(end, buffer + sizeof buffer - 1, numbers).ptr, *end++ = ' '), ...);
        end[-1] = '\n';
        return write({buffer, static_cast<std::size_t>(end - buffer)});
    }

    const martlet_env *env;
    Instance &instance;
    Session &session;
    martlet_connection *connection;
};

// ------------------------------------------------------------------------------------------------------- instance

martlet_option option(martlet_type type, std::string_view key, std::string_view help, std::string_view default_value,
                      std::int64_t minimum, std::int64_t maximum) {
    martlet_option option{};
    option.size = sizeof option;
    option.type = type;
    option.key = text(key);
    option.help = text(help);
    option.default_value = text(default_value);
    option.minimum = minimum;
    option.maximum = maximum;
    return option;
}

// The host has checked the options and filled in the defaults.
const martlet_value *find(const martlet_value *table, std::string_view key) {
    for (std::size_t i = 0; i < table->item_count; i++) {
        if (view(table->items[i]->key) == key) return table->items[i];
    }
    return nullptr;
}

// A host that refuses a metric logs why and returns an error, which `metric_add` and `observe` ignore.
void register_metrics(Instance &instance, const martlet_host *host, martlet_instance *handle) {
    static constexpr std::uint64_t bounds[] = {16, 64, 256, 1024};
    instance.lines_total = host->metric_register(handle, MARTLET_METRIC_COUNTER, text("lines_total"),
                                                 text("Lines that peers have sent."));
    instance.metrics = static_cast<const martlet_metrics *>(host->extension(handle, text(MARTLET_METRICS)));
    if (!instance.metrics) return;
    martlet_metric_description description{};
    description.size = sizeof description;
    description.kind = MARTLET_METRIC_HISTOGRAM;
    description.name = text("line_bytes");
    description.help = text("Lengths of lines.");
    description.bounds = bounds;
    description.bound_count = std::size(bounds);
    instance.line_bytes = instance.metrics->declare(handle, &description);
}

martlet_result create(const martlet_plugin *, const martlet_host *host, martlet_instance *handle,
                      const martlet_value *options, void **state) {
    const auto *max_line = find(options, "max_line"), *greeting = find(options, "greeting");
    if (!max_line || !greeting) return MARTLET_ERROR_ARGUMENT;
    if (view(greeting->text).find('\n') != std::string_view::npos) {
        host->refuse(handle, text("greeting"), text("must be one line"));
        return MARTLET_ERROR_ARGUMENT;
    }
    try {
        auto instance = std::make_unique<Instance>();
        instance->max_line = static_cast<std::size_t>(max_line->integer);
        instance->greeting = view(greeting->text);
        if (!instance->greeting.empty()) instance->greeting += '\n';
        register_metrics(*instance, host, handle);
        *state = instance.release();
        return MARTLET_OK;
    } catch (const std::bad_alloc &) {
        return MARTLET_ERROR_MEMORY;
    }
}

void destroy(void *state) { delete static_cast<Instance *>(state); }

// -------------------------------------------------------------------------------------------------------- session

martlet_result opened(const martlet_env *env, martlet_connection *connection, const martlet_opening *, void **session) {
    Turn(env, *session, connection).open();
    return MARTLET_OK;
}

martlet_result received(const martlet_env *env, void *session, martlet_connection *connection, const std::uint8_t *data,
                        std::size_t length, std::size_t *consumed) {
    *consumed = Turn(env, session, connection).receive({reinterpret_cast<const char *>(data), length});
    return MARTLET_OK;
}

// Nothing to do: the host frees the session.
void closed(const martlet_env *, void *, martlet_connection *, martlet_close_reason) {}

// ------------------------------------------------------------------------------------- state that survives a swap

// If `session_layout` is the same in both generations, the host copies the memory of the session. If it differs, the
// old generation saves the session and the new one restores it.
martlet_result save(const martlet_env *, void *session, martlet_connection *, std::uint8_t *buffer,
                    std::size_t capacity, std::size_t *length) {
    const std::uint64_t lines = static_cast<Session *>(session)->lines;
    *length = 8;
    if (capacity < 8) return MARTLET_OK; // the host calls again with enough room
    for (int i = 0; i < 8; i++) buffer[i] = static_cast<std::uint8_t>(lines >> (8 * i));
    return MARTLET_OK;
}

martlet_result restore(const martlet_env *, martlet_connection *, std::uint32_t version, const std::uint8_t *data,
                       std::size_t length, void **session) {
    if (version != 1 || length != 8) return MARTLET_ERROR_ARGUMENT;
    std::uint64_t lines = 0;
    for (int i = 0; i < 8; i++) lines |= static_cast<std::uint64_t>(data[i]) << (8 * i);
    static_cast<Session *>(*session)->lines = lines;
    return MARTLET_OK;
}

void moved(const martlet_env *, void *, martlet_connection *) {}

const martlet_session_state session_state = {
    sizeof session_state, 1, 1, 1, text("line-count.session"), save, restore, moved,
    // If the process dies, its successor goes on with the lines of each peer.
    MARTLET_SESSION_CHECKPOINT_ALWAYS, 0};

// ----------------------------------------------------------------------------------------------------- operations

std::uint64_t lines(const martlet_env *env) { return static_cast<Instance *>(env->state)->lines; }

const martlet_operation operation_list[] = {
    {sizeof(martlet_operation), MARTLET_ON_CONTROL, text("lines"), text("u64()"), text("Lines since the last swap"),
     reinterpret_cast<void (*)()>(lines)},
};

const martlet_operations operations = {sizeof operations, 0, operation_list, std::size(operation_list), nullptr};

// ----------------------------------------------------------------------------------------------------- descriptor

const martlet_extension extensions[] = {
    {sizeof(martlet_extension), 0, text(MARTLET_SESSION_STATE), &session_state},
    {sizeof(martlet_extension), 0, text(MARTLET_OPERATIONS), &operations},
};

martlet_plugin describe() {
    static const martlet_option options[] = {
        option(MARTLET_TYPE_SIZE, "max_line", "Longest line.", "\"4KiB\"", 16, 65536),
        option(MARTLET_TYPE_TEXT, "greeting", "The first line for each peer; empty: no greeting.", "\"\"", 1, 0),
    };
    martlet_plugin plugin{};
    plugin.size = sizeof plugin;
    plugin.abi = MARTLET_ABI_VERSION;
    plugin.name = text("line-count");
    plugin.version = text(version);
    plugin.summary = text("Counts lines");
    plugin.example = text("printf 'one\\ntwo\\nquit\\n' | nc {host} {port}");
    plugin.threads = MARTLET_THREADS_BOTH;
    plugin.flags = MARTLET_PLUGIN_PLAIN_SESSIONS;
    plugin.options = options;
    plugin.option_count = std::size(options);
    plugin.extensions = extensions;
    plugin.extension_count = std::size(extensions);
    plugin.session_size = sizeof(Session);
    plugin.session_align = alignof(Session);
    plugin.session_layout = text("line-count.session/1");
    plugin.create = create;
    plugin.destroy = destroy;
    plugin.opened = opened;
    plugin.received = received;
    plugin.closed = closed;
    return plugin;
}

} // namespace

extern "C" const martlet_plugin *martlet_plugin_entry(martlet_abi) {
    // Any host of this major version will do.
    static const martlet_plugin plugin = describe();
    return &plugin;
}
