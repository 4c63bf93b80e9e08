import Testing

/// `martlet simulation`, and how `make test` of a new plugin uses it.
@Suite struct SimulationPathTests {
    @Test func aBuildHasTheLibraryBesideTheProgram() throws {
        let result = try Subprocess.run(BuildFolder.martlet, ["simulation"])
        #expect(result.status == 0)
        #expect(result.errors == "")
        // The build folder may be reached through a symbolic link; the path has none.
        let expected = try Subprocess.run("realpath", [BuildFolder.path + "/libmartlet_simulation.so"])
        #expect(result.output == expected.output)
    }

    @Test func anInstalledProgramFindsTheLibraryInLib() throws {
        let folder = try Installation()
        for place in ["lib/martlet", "lib", "bin"] {
            let library = "\(folder.path)/\(place)/libmartlet_simulation.so"
            try Files.overwrite(library, with: [])
            let result = try Subprocess.run(folder.martlet, ["simulation"])
            #expect(result.status == 0)
            #expect(result.output == library + "\n")
        }
    }

    @Test func withoutTheLibraryItSaysWhereItLooked() throws {
        let folder = try Installation()
        let result = try Subprocess.run(folder.martlet, ["simulation"])
        #expect(result.status == 69)
        #expect(result.output == "")
        let places = ["bin", "lib", "lib/martlet"].map { "\(folder.path)/\($0)/libmartlet_simulation.so" }
        #expect(
            result.errors == "martlet: no libmartlet_simulation.so: looked for \(places.joined(separator: ", "))\n")
    }

    @Test func itsHelpStatesTheVariableAndTheExitStatus() throws {
        let help = try Subprocess.run(BuildFolder.martlet, ["simulation", "--help"]).output
        #expect(help.contains("MARTLET_SIMULATION"))
        #expect(help.contains("\n  69 "))
        #expect(try Subprocess.run(BuildFolder.martlet, ["simulation", "now"]).status == 64)
    }

    @Test(arguments: ["swift", "c", "cpp", "rust"])
    func theVariableComesBeforeTheProgramAndThatBeforeTheWrittenPath(_ language: String) throws {
        let folder = try Installation()
        let project = try folder.project(language)
        // Without a library, the path where a build would put it.
        let written = folder.path + "/bin/libmartlet_simulation.so"
        #expect(try project.simulation(martlet: "/nowhere/martlet") == written)
        #expect(try project.simulation(martlet: folder.martlet) == written)
        let library = folder.path + "/lib/libmartlet_simulation.so"
        try Files.overwrite(library, with: [])
        #expect(try project.simulation(martlet: folder.martlet) == library)
        #expect(try project.simulation(martlet: folder.martlet, given: "/of, course") == "/of, course")
    }

    @Test func theWrittenPathMayContainWhatMakeReadsAsSyntax() throws {
        let folder = try Installation("opt #1, $x")
        let project = try folder.project("c")
        #expect(
            try project.simulation(martlet: "/nowhere/martlet") == folder.path + "/bin/libmartlet_simulation.so")
    }
}

/// A folder with `bin/martlet`, `lib` and `lib/martlet`.
private final class Installation {
    private let folder: TemporaryFolder
    let path: String
    var martlet: String { path + "/bin/martlet" }

    init(_ name: String = "opt") throws {
        folder = try TemporaryFolder()
        path = "\(folder.path)/\(name)"
        let script = "mkdir -p \"$0/bin\" \"$0/lib/martlet\"; cp \"$1\" \"$0/bin\""
        let result = try Subprocess.run("sh", ["-ec", script, path, BuildFolder.martlet])
        guard result.status == 0 else { throw Failure(result.errors) }
    }

    /// A new plugin, which this program makes.
    func project(_ language: String) throws -> Project {
        let project = Project(path: folder.path + "/project")
        let package = language == "swift" ? ["--package", BuildFolder.package] : []
        let result = try Subprocess.run(
            martlet, ["new", "x", "--lang", language, "--output", project.path] + package)
        guard result.status == 0 else { throw Failure(result.errors) }
        return project
    }

    struct Project {
        let path: String

        /// The path that `make test` would pass to the tests.
        func simulation(martlet: String, given: String? = nil) throws -> String? {
            let variables = ["-u", "MARTLET_SIMULATION"] + (given.map { ["MARTLET_SIMULATION=" + $0] } ?? [])
            let result = try Subprocess.run("env", variables + ["make", "-nC", path, "test", "MARTLET=" + martlet])
            let command = result.output.split(separator: "\n").first { $0.hasPrefix("MARTLET_SIMULATION=") }
            return command?.split(separator: "'").dropFirst().first.map(String.init)
        }
    }
}
