/// Bounds of a schema: nanoseconds and bytes, written with their unit.
extension Int64 {
    static func milliseconds(_ count: Int64) -> Int64 { count * 1_000_000 }
    static func seconds(_ count: Int64) -> Int64 { milliseconds(count * 1000) }
    static func minutes(_ count: Int64) -> Int64 { seconds(count * 60) }
    static func hours(_ count: Int64) -> Int64 { minutes(count * 60) }
    static func days(_ count: Int64) -> Int64 { hours(count * 24) }

    static func kibibytes(_ count: Int64) -> Int64 { count << 10 }
    static func mebibytes(_ count: Int64) -> Int64 { count << 20 }
    static func gibibytes(_ count: Int64) -> Int64 { count << 30 }
}
