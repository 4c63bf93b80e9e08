import MartletKitTesting
import Testing

@testable import HTTPPlugin

/// RFC 9110 sections 13 and 14 for files. HTTPWireTests test the rules themselves.
@Suite struct ConditionalFileTests {
    let folder: TemporaryFolder
    static let modified = "Sun, 13 Sep 2020 12:26:40 GMT"
    static let earlier = "Sun, 13 Sep 2020 12:26:39 GMT"

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("small.txt", "0123456789")
        try folder.write("large.bin", (0..<50_000).map { UInt8(truncatingIfNeeded: $0) })
        try folder.write("empty.txt", "")
    }

    @Test(arguments: ["/small.txt", "/large.bin"]) func followsTheConditions(target: String) throws {
        let client = try Client(root: folder.path, route: ["cache_control": "no-cache"])
        let tag = try #require(try client.request("GET", target)["ETag"])
        #expect(tag.hasPrefix("\"") && tag.hasSuffix("\"") && tag.count > 10)
        for (fields, status) in [
            (["If-None-Match: \(tag)"], 304), (["If-None-Match: W/\(tag)"], 304), (["If-None-Match: *"], 304),
            (["If-None-Match: \"x\", \(tag)"], 304), (["If-None-Match: \"x\""], 200),
            (["If-None-Match: \"x\"", "If-Modified-Since: \(Self.modified)"], 200),
            (["If-Modified-Since: \(Self.modified)"], 304), (["If-Modified-Since: \(Self.earlier)"], 200),
            (["If-Modified-Since: yesterday"], 200), (["If-Match: \(tag)"], 200), (["If-Match: *"], 200),
            (["If-Match: \"x\""], 412), (["If-Match: W/\(tag)"], 412),
            (["If-Unmodified-Since: \(Self.modified)"], 200), (["If-Unmodified-Since: \(Self.earlier)"], 412),
            (["If-Match: \(tag)", "If-Unmodified-Since: \(Self.earlier)"], 200),
        ] {
            for method in ["GET", "HEAD"] {
                let answer = try client.request(method, target, fields)
                #expect(answer.status == status, "\(method) \(fields)")
                if status == 304 {
                    #expect(answer["ETag"] == tag)
                    #expect(answer["Cache-Control"] == "no-cache")
                    #expect(answer["Content-Length"] == nil)
                    #expect(answer["Date"] != nil)
                }
            }
        }
        #expect(client.isOpen)
        #expect(client.host.shutDown() == [])
    }

    @Test(arguments: ["/small.txt", "/large.bin"]) func sendsOneRange(target: String) throws {
        let client = try Client(root: folder.path)
        let whole = try client.request("GET", target).content
        let size = whole.count
        for (range, expected) in [
            ("bytes=0-0", 0..<1), ("bytes=2-5", 2..<6), ("bytes=7-", 7..<size), ("bytes=-3", size - 3..<size),
            ("bytes=0-999999999", 0..<size), ("bytes=-999999999", 0..<size), ("BYTES=1-1", 1..<2),
            ("bytes=\(size - 1)-\(size - 1)", size - 1..<size), ("bytes=3-99999999999999999999999", 3..<size),
        ] {
            let answer = try client.request("GET", target, ["Range: \(range)"])
            #expect(answer.status == 206, "\(range)")
            #expect(answer.content == Array(whole[expected]), "\(range)")
            #expect(answer["Content-Range"] == "bytes \(expected.lowerBound)-\(expected.upperBound - 1)/\(size)")
            #expect(answer["ETag"] != nil && answer["Content-Type"] != nil)
        }
        for range in ["bytes=\(size)-", "bytes=\(size)-\(size + 5)", "bytes=-0"] {
            let answer = try client.request("GET", target, ["Range: \(range)"])
            #expect(answer.status == 416)
            #expect(answer["Content-Range"] == "bytes */\(size)")
            #expect(answer.content == [])
        }
        // An unknown unit, several ranges, or another method: the whole file (RFC 9110 14.2).
        for range in ["bytes=5-2", "bytes=a-b", "bytes=", "lines=0-1", "bytes=0-1,3-4", "0-1"] {
            let answer = try client.request("GET", target, ["Range: \(range)"])
            #expect(answer.status == 200, "\(range)")
            #expect(answer.content == whole)
        }
        #expect(try client.status("HEAD", target, ["Range: bytes=0-0"]) == 200)
        #expect(client.host.shutDown() == [])
    }

    @Test func sendsARangeOnlyIfIfRangeMatches() throws {
        let client = try Client(root: folder.path)
        let tag = try #require(try client.request("GET", "/small.txt")["ETag"])
        for (condition, status) in [
            (tag, 206), (Self.modified, 206), ("\"x\"", 200), ("W/\(tag)", 200), (Self.earlier, 200),
        ] {
            #expect(
                try client.status("GET", "/small.txt", ["Range: bytes=1-2", "If-Range: \(condition)"]) == status,
                "\(condition)")
        }
        #expect(try client.status("GET", "/small.txt", ["Range: bytes=1-2", "If-None-Match: \(tag)"]) == 304)
    }

    @Test func anEmptyFileHasNoRange() throws {
        let client = try Client(root: folder.path)
        #expect(try client.status("GET", "/empty.txt", ["Range: bytes=0-"]) == 416)
        #expect(try client.status("GET", "/empty.txt", ["Range: bytes=-1"]) == 200)
    }

    /// RFC 9110 8.8.2.1: for a file with a time in the future, `Last-Modified` is the `Date` of the answer.
    @Test func lastModifiedIsNeverAfterTheDate() throws {
        try folder.write("future.txt", "x", modified: 4_000_000_000)
        let answer = try Client(root: folder.path).request("GET", "/future.txt")
        #expect(answer["Last-Modified"] == answer["Date"])
    }
}
