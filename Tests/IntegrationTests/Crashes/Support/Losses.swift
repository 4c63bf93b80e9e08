import Testing

/// What the log says of connections that were lost with a host.
struct Losses {
    /// Of each succession, with its line.
    let lines: [(count: Int, line: String)]

    init(_ server: RunningServer) {
        lines = server.log.split(separator: "\n").filter { $0.contains("connections go on in the new host") }.map {
            let field = $0.split(separator: " ").first { $0.hasPrefix("lost=") }
            return (field.flatMap { Int($0.dropFirst(5)) } ?? 0, String($0))
        }
    }

    /// A thread that is killed may be working on a connection, although its peer has its answer: it is in the rest of its turn.
    ///
    /// - Parameter threads: at most so many connections are lost each time.
    func expect(_ lost: Int, threads: Int, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(lines.allSatisfy { $0.count <= threads }, "\(lines)", sourceLocation: sourceLocation)
        #expect(lines.reduce(0) { $0 + $1.count } == lost, "\(lines)", sourceLocation: sourceLocation)
        for (count, line) in lines where count > 0 {
            let reasons = line.split(separator: " ").filter { $0.hasPrefix("lost_") }
            #expect(reasons == ["lost_busy=\(count)"], "\(line)", sourceLocation: sourceLocation)
        }
    }
}

extension [Peer] {
    /// Asks all. Those that have been lost are replaced. Returns how many.
    mutating func ask(_ text: String, replacing: (_ number: Int) throws -> Peer) throws -> Int {
        var lost = 0
        for number in indices where (try? self[number].ask("\(number) \(text)")) != "\(number) \(text)" {
            lost += 1
            self[number] = try replacing(number)
            #expect(try self[number].ask("again") == "again")
        }
        return lost
    }
}
