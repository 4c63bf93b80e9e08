import Addresses

/// Makes the endpoints of a listener from its `listen`. Problems are collected, not thrown: a file is reported as a whole.
struct EndpointReader {
    private let file: String
    private(set) var endpoints: [Endpoint] = []
    private(set) var problems: [Diagnostic] = []
    /// The names that the file gives, with their places.
    private var names: [(name: String, place: ConfigurationPlace)] = []

    /// - Parameter listen: the validated value: a list of texts, and of tables from which invalid values are missing.
    init(_ listen: ConfigurationValue?, file: String) {
        self.file = file
        let elements = listen?.list ?? []
        let key = ConfigurationKey.root.appending("listen")
        for (index, element) in elements.enumerated() {
            if let table = element.table {
                read(table, at: key.appending(index: index))
                continue
            }
            // A text without a list has the place of the key; in a list each text has its own place.
            let isAlone = elements.count == 1 && element.position == listen?.position
            let place = ConfigurationPlace(isAlone ? key : key.appending(index: index), element.position)
            add(element.text ?? "", name: nil, at: place)
        }
        let addresses = endpoints.map(\.address).separatingFamilies()
        for (index, address) in addresses.enumerated() { endpoints[index].address = address }
        for index in endpoints.indices { refuseIfTaken(index) }
    }

    private mutating func read(_ table: ConfigurationTable, at key: ConfigurationKey) {
        let name = table["name"]
        if let name { check(name, at: ConfigurationPlace(key.appending("name"), name.position)) }
        guard let address = table["address"] else { return }
        let place = ConfigurationPlace(key.appending("address"), address.position)
        add(address.text ?? "", name: name?.text, at: place)
    }

    private mutating func add(_ address: String, name: String?, at place: ConfigurationPlace) {
        do throws(ListenAddress.ParseError) {
            let parsed = try ListenAddress(parsing: address)
            endpoints.append(Endpoint(name: name ?? address, isNamed: name != nil, address: parsed, place: place))
        } catch {
            report(error.message, at: place)
        }
    }

    /// A name in the file has no colon and every address has one, so it never equals the default name of another endpoint.
    private mutating func check(_ value: ConfigurationValue, at place: ConfigurationPlace) {
        let name = value.text ?? ""
        if let problem = PlainName.problem(name) { return report(problem, at: place) }
        if let first = names.first(where: { $0.name == name }) {
            report("\(quoted(name)) is the same as \(first.place); each name may be used once", at: place)
        }
        names.append((name, place))
    }

    /// Port 0 overlaps nothing, but a reload identifies addresses by what the file says, so equal ones are refused too.
    private mutating func refuseIfTaken(_ index: Int) {
        let later = endpoints[index]
        let first = endpoints[..<index].first { later.address.overlaps($0.address) || later.address == $0.address }
        guard let first else { return }
        let message =
            later.address.overlaps(first.address)
            ? "\(quoted("\(later.address)")) overlaps \(quoted("\(first.address)")) of \(first.place)"
            : "\(quoted("\(later.address)")) is the same as \(first.place); each address may be used once"
        report(message, at: later.place)
    }

    private mutating func report(_ message: String, at place: ConfigurationPlace) {
        problems.append(Diagnostic(file: file, position: place.position, key: place.key, message: message))
    }
}
