import MartletKit

/// The operations that an operator can call. Their changes last until the next generation.
extension HTTP {
    static let operations = [
        Operation(
            "cache_clear", on: .loops, help: "Closes and counts the files that are kept open",
            function: { env in
                HTTP.operate(onLoop: env) { _, loop in loop.files.clear() }
            } as @convention(c) (OperationEnv) -> Int64),
        Operation(
            "set_text", on: .loops, arguments: ["route", "text"],
            help: "Changes the text of a route, until the listener's next generation",
            function: { env, route, text in
                HTTP.operate(onLoop: env) { http, loop throws(OperationError) in
                    try http.setText(String(cString: route), String(cString: text), on: loop)
                }
            } as @convention(c) (OperationEnv, UnsafePointer<CChar>, UnsafePointer<CChar>) -> Void),
    ]

    private func setText(_ path: String, _ text: String, on loop: HTTPLoop) throws(OperationError) {
        guard let index = routes.fixedAnswers.firstIndex(where: { $0.path == path }) else {
            let known = routes.fixedAnswers.map(\.path).sorted()
            throw OperationError(
                "no route \"\(path)\" with a text"
                    + (known.isEmpty ? "" : " (there are: \(known.prefix(20).joined(separator: ", ")))"))
        }
        var answer = routes.fixedAnswers[index].answer
        guard text.isEmpty || !(answer.status.hasNoContent || answer.status.number == 205) else {
            throw OperationError("\(path) answers with status \(answer.status.number), which has no content")
        }
        answer.text = text
        loop.answers[index].deallocate()
        loop.answers[index] = PreparedAnswer(answer, server: settings.server)
    }
}
