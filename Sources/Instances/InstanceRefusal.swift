import CMartlet

/// Why an instance could not be made.
package struct InstanceRefusal: Error, Codable, Sendable {
    package var problems: [OptionRefusal]
    /// What `create` or `loop_start` returned; nil: it returned nothing.
    package var result: martlet_result?
    /// The loop on which `loop_start` refused.
    package var loop: Int?

    package init(problems: [OptionRefusal], result: martlet_result? = nil, loop: Int? = nil) {
        self.problems = problems
        self.result = result
        self.loop = loop
    }

    /// For a problem that belongs to no option.
    package init(_ message: String) { self.init(problems: [OptionRefusal(path: "", message: message)]) }
}
