extension RouteDescription {
    /// The answer of a listener without routes, so that the first request shows something.
    static let welcome = RouteDescription(
        path: "/",
        resource: .fixed(
            FixedAnswer(
                status: .ok, contentType: FieldText("text/html; charset=utf-8"), location: nil, text: welcomePage)))

    private static let welcomePage = """
        <!doctype html>
        <html lang="en"><meta charset="utf-8"><title>Martlet</title>
        <h1>It works</h1>
        <p>This is the http plugin of Martlet, a server whose protocols are libraries that can be replaced while it runs.</p>
        <p>Nothing is configured here yet: add <code>[[options.routes]]</code> to this listener's file and reload.</p>
        </html>

        """
}
