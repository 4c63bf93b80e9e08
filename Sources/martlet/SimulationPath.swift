import ArgumentParser
import Glibc

struct SimulationPath: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulation",
        abstract: "Print the path of the library in which tests run a plugin.",
        discussion: """
            The library is \(fileName): the server's engine without sockets, threads and time, for tests in any language. \
            martlet_simulation.h declares its functions. It belongs to this program: a build makes both in one folder, and an \
            installation has the library in lib or lib/martlet, beside the program's folder.

            The tests of a plugin that `martlet new` made open the library with dlopen(3). They get its path from the variable \
            MARTLET_SIMULATION. `make test` sets it, unless it is set: to what this command prints, or, if there is no martlet in \
            PATH, to the path that `martlet new` wrote into martlet.mk.

            EXIT STATUS
              0   printed
              69  there is no library in any of these folders
            """)

    func run() throws {
        guard let path = Self.found else {
            printError("no \(Self.fileName): looked for " + Self.candidates.joined(separator: ", "))
            throw ExitStatus.notInstalled
        }
        print(path)
    }

    static let fileName = "libmartlet_simulation.so"

    /// nil: it is not there.
    static var found: String? { candidates.first { access($0, R_OK) == 0 } }

    /// Where it is, or where a build would put it.
    static var expected: String { found ?? candidates.first ?? fileName }

    /// Where it may be, in this order.
    private static var candidates: [String] {
        guard let program = realpath("/proc/self/exe", nil) else { return [] }
        defer { free(program) }
        let folder = String(cString: program).split(separator: "/").dropLast()
        let above = folder.dropLast()
        return [Array(folder), above + ["lib"], above + ["lib", "martlet"]].map {
            "/" + ($0 + [Substring(fileName)]).joined(separator: "/")
        }
    }
}
