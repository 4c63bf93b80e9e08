import Glibc

enum Processor {
    private static let wordsOfMask = 16

    /// Keeps the calling thread on one CPU, so that a load does not take time from the server it measures.
    /// C: `sched_setaffinity`
    static func pinThisThread(to cpu: Int) throws(LoadError) {
        guard (0..<wordsOfMask * 64).contains(cpu) else {
            throw .invalid(what: "cpu", expected: "0 to \(wordsOfMask * 64 - 1)", found: "\(cpu)")
        }
        var mask = [UInt64](repeating: 0, count: wordsOfMask)
        mask[cpu / 64] = 1 << UInt64(cpu % 64)
        let setAffinity = LinuxFunction.find("sched_setaffinity", as: LinuxFunction.SetAffinity.self)
        guard setAffinity(0, wordsOfMask * 8, mask) == 0 else { throw .last("pin the load to CPU \(cpu)") }
    }
}
