// Counts lines. Each line that a peer sends is answered with its number and its length.
//
// What is not consumed stays with the host, which presents it again together with what follows: there is no buffer here.
// No exception may leave a callback: what can throw is caught there.

#include "martlet.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <iterator>
#include <memory>
#include <new>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view version = "1.0.0";

constexpr martlet_text text(std::string_view view) { return {view.data(), view.size()}; }
std::string_view view(martlet_text text) { return text.data ? std::string_view(text.data, text.length) : std::string_view(); }

// One for each listener and generation. Its sessions run on several threads: what they share must bear it.
struct Instance {
    Instance(const martlet_host *host, martlet_instance *handle) : host(host), handle(handle) {}

    const martlet_host *host;
    martlet_instance *handle;
    std::size_t max_line = 0; // bytes
    std::string greeting;
    martlet_metric lines_total = 0;
    std::atomic<std::uint64_t> lines{0};

    void add_line() {
        lines.fetch_add(1, std::memory_order_relaxed);
        host->metric_add(handle, lines_total, 1);
    }
};

// One for each peer. Its callbacks come one after the other.
class Session {
public:
    explicit Session(Instance &instance, std::uint64_t lines = 0) : instance(instance), lines(lines) {}

    std::uint64_t count() const { return lines; }

    void open(martlet_connection *connection) {
        if (!instance.greeting.empty()) instance.host->write(connection, instance.greeting.data(), instance.greeting.size());
    }

    // Returns how many bytes are consumed.
    std::size_t receive(martlet_connection *connection, std::string_view input) {
        std::size_t consumed = 0;
        while (consumed < input.size()) {
            const auto rest = input.substr(consumed);
            const auto end = rest.find('\n');
            const auto length = std::min(end, rest.size());
            // One more for the CR.
            if (length > instance.max_line + 1) {
                write(connection, "error: line too long\n");
                instance.host->close(connection);
                return input.size();
            }
            if (end == rest.npos) break;
            consumed += length + 1;
            // FULL, or closing: the rest is presented again, or never needed.
            if (take(connection, rest.substr(0, length)) != MARTLET_OK) break;
        }
        return consumed;
    }

private:
    // Other than OK: to stop, because the peer does not read (FULL), or because the connection ends.
    martlet_result take(martlet_connection *connection, std::string_view line) {
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (line == "quit") {
            answer(connection, "bye ", lines);
            instance.host->close(connection);
            return MARTLET_ERROR_CLOSED;
        }
        lines++;
        instance.add_line();
        return answer(connection, "", lines, line.size());
    }

    martlet_result write(martlet_connection *connection, std::string_view bytes) {
        return instance.host->write(connection, bytes.data(), bytes.size());
    }

    template <typename... Numbers>
    martlet_result answer(martlet_connection *connection, std::string_view word, Numbers... numbers) {
        char buffer[64];
        char *end = std::copy(word.begin(), word.end(), buffer);
        ((end = std::to_chars(end, buffer + sizeof buffer - 1, numbers).ptr, *end++ = ' '), ...);
        end[-1] = '\n';
        return instance.host->write(connection, buffer, static_cast<std::size_t>(end - buffer));
    }

    Instance &instance;
    std::uint64_t lines;
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
        auto *value = reinterpret_cast<const martlet_value *>(reinterpret_cast<const char *>(table->items) +
                                                              i * table->items->size);
        if (view(value->key) == key) return value;
    }
    return nullptr;
}

martlet_result create(const martlet_host *host, martlet_instance *handle, const martlet_value *options, void **state) {
    const auto *max_line = find(options, "max_line"), *greeting = find(options, "greeting");
    if (!max_line || !greeting) return MARTLET_ERROR_ARGUMENT;
    if (view(greeting->text).find('\n') != std::string_view::npos) {
        host->refuse(handle, text("greeting"), text("must be one line"));
        return MARTLET_ERROR_ARGUMENT;
    }
    try {
        auto instance = std::make_unique<Instance>(host, handle);
        instance->max_line = static_cast<std::size_t>(max_line->integer);
        instance->greeting = view(greeting->text);
        if (!instance->greeting.empty()) instance->greeting += '\n';
        instance->lines_total =
            host->metric_register(handle, MARTLET_METRIC_COUNTER, text("lines_total"), text("Lines that peers have sent."));
        *state = instance.release();
        return MARTLET_OK;
    } catch (const std::bad_alloc &) {
        return MARTLET_ERROR_MEMORY;
    }
}

void destroy(void *state) { delete static_cast<Instance *>(state); }

// -------------------------------------------------------------------------------------------------------- session

martlet_result opened(void *state, void *, martlet_connection *connection, void **session) {
    auto *made = new (std::nothrow) Session(*static_cast<Instance *>(state));
    if (!made) return MARTLET_ERROR_MEMORY;
    *session = made;
    made->open(connection);
    return MARTLET_OK;
}

std::int64_t received(void *session, martlet_connection *connection, const std::uint8_t *data, std::size_t length) {
    const std::string_view input(reinterpret_cast<const char *>(data), length);
    return static_cast<std::int64_t>(static_cast<Session *>(session)->receive(connection, input));
}

void closed(void *session, martlet_connection *, martlet_close_reason) { delete static_cast<Session *>(session); }

// ------------------------------------------------------------------------------------- state that survives a swap

std::int64_t save(void *session, martlet_connection *, std::uint8_t *buffer, std::size_t capacity) {
    const std::uint64_t lines = static_cast<Session *>(session)->count();
    for (int i = 0; i < 8 && capacity >= 8; i++) buffer[i] = static_cast<std::uint8_t>(lines >> (8 * i));
    return 8;
}

martlet_result restore(void *state, void *, martlet_connection *, std::uint32_t version, const std::uint8_t *data,
                       std::size_t length, void **session) {
    if (version != 1 || length != 8) return MARTLET_ERROR_ARGUMENT;
    std::uint64_t lines = 0;
    for (int i = 0; i < 8; i++) lines |= static_cast<std::uint64_t>(data[i]) << (8 * i);
    *session = new (std::nothrow) Session(*static_cast<Instance *>(state), lines);
    return *session ? MARTLET_OK : MARTLET_ERROR_MEMORY;
}

void moved(void *session, martlet_connection *) { delete static_cast<Session *>(session); }

const martlet_session_state session_state = {sizeof session_state, 1, 1, 1, text("line-count.session"), save, restore, moved};

// ----------------------------------------------------------------------------------------------------- operations

std::uint64_t lines(void *state, void *) { return static_cast<Instance *>(state)->lines; }

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
        option(MARTLET_TYPE_TEXT, "greeting", "A line to begin with; none when it is empty.", "\"\"", 1, 0),
    };
    martlet_plugin plugin{};
    plugin.size = sizeof plugin;
    plugin.abi_major = MARTLET_ABI_MAJOR;
    plugin.abi_minor = MARTLET_ABI_MINOR;
    plugin.name = text("line-count");
    plugin.version = text(version);
    plugin.summary = text("Counts lines");
    plugin.example = text("printf 'one\\ntwo\\nquit\\n' | nc {host} {port}");
    plugin.threads = MARTLET_THREADS_BOTH;
    plugin.options = options;
    plugin.option_count = std::size(options);
    plugin.extensions = extensions;
    plugin.extension_count = std::size(extensions);
    plugin.create = create;
    plugin.destroy = destroy;
    plugin.opened = opened;
    plugin.received = received;
    plugin.closed = closed;
    return plugin;
}

} // namespace

extern "C" __attribute__((visibility("default"))) const martlet_plugin *martlet_plugin_entry() {
    static const martlet_plugin plugin = describe();
    return &plugin;
}
