import CMartlet
import Configuration
import Glibc
import Instances
import PluginABI

/// The memory of what the library returns to a thread: texts, arrays and structs. It is valid until the same thread calls another
/// function that returns some.
final class Answers {
    private var memory: [UnsafeMutableRawPointer] = []

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key) { Unmanaged<Answers>.fromOpaque($0!).release() }
        return key
    }()

    /// The calling thread's, emptied.
    static func begin() -> Answers {
        if let known = pthread_getspecific(key) {
            let answers = Unmanaged<Answers>.fromOpaque(known).takeUnretainedValue()
            answers.clear()
            return answers
        }
        let answers = Answers()
        pthread_setspecific(key, Unmanaged.passRetained(answers).toOpaque())
        return answers
    }

    func bytes(_ bytes: [UInt8]) -> martlet_bytes { martlet_bytes(data: array(bytes), length: bytes.count) }

    func text(_ text: String) -> martlet_text { self.text(Array(text.utf8)) }

    func text(_ bytes: [UInt8]) -> martlet_text {
        martlet_text(data: array(bytes.map(CChar.init(bitPattern:))), length: bytes.count)
    }

    func array<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafePointer<Element> {
        let place = UnsafeMutablePointer<Element>.allocate(capacity: max(elements.count, 1))
        place.initialize(from: elements, count: elements.count)
        memory.append(UnsafeMutableRawPointer(place))
        return UnsafePointer(place)
    }

    private func clear() {
        for place in memory { place.deallocate() }
        memory = []
    }

    deinit { clear() }
}

/// Why a function failed, as martlet_simulation_error says it.
struct Failure: Error {
    struct Fault {
        var path: String
        var message: String
        var line = 0
        var column = 0
    }

    var kind: martlet_simulation_failure
    var message: String
    var result: martlet_result = MARTLET_OK
    var loop = 0
    var faults: [Fault] = []

    static func argument(_ message: String) -> Failure { Failure(kind: MARTLET_SIMULATION_ARGUMENT, message: message) }

    static func descriptor(_ problem: SizedStructProblem) -> Failure {
        Failure(kind: MARTLET_SIMULATION_DESCRIPTOR, message: problem.text)
    }

    static func options(_ error: ConfigurationError) -> Failure {
        Failure(
            kind: MARTLET_SIMULATION_OPTIONS, message: error.description,
            faults: error.diagnostics.map {
                Fault(path: $0.key.description, message: $0.message, line: $0.line ?? 0, column: $0.column ?? 0)
            })
    }

    static func instance(_ refusal: InstanceRefusal) -> Failure {
        Failure(
            kind: refusal.loop == nil ? MARTLET_SIMULATION_CREATE : MARTLET_SIMULATION_LOOP_START,
            message: refusal.problems.map(\.description).joined(separator: "\n"), result: refusal.result ?? MARTLET_OK,
            loop: refusal.loop ?? 0, faults: refusal.problems.map { Fault(path: $0.path, message: $0.message) })
    }

    /// Into the caller's struct, which may be NULL.
    func write(to error: UnsafeMutablePointer<martlet_simulation_error>?) {
        guard let error else { return }
        let answers = Answers.begin()
        var filled = martlet_simulation_error()
        filled.size = UInt32(MemoryLayout<martlet_simulation_error>.size)
        filled.failure = kind
        filled.result = result
        filled.loop = UInt32(clamping: loop)
        filled.message = answers.text(message)
        filled.faults = answers.array(
            faults.map {
                martlet_simulation_fault(
                    path: answers.text($0.path), message: answers.text($0.message), line: UInt32(clamping: $0.line),
                    column: UInt32(clamping: $0.column))
            })
        filled.fault_count = faults.count
        _ = filled.write(to: error)
    }
}
