import Glibc
import MartletKitTesting
import Testing

@testable import HTTPPlugin

@Suite struct FileCacheTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// The content of a small or a large file; the letter tells versions apart.
    private func content(_ letter: Character, isLarge: Bool) -> String {
        String(repeating: letter, count: isLarge ? 40_000 : 100)
    }

    @Test(arguments: [false, true]) func seesAReplacedFileAfterASecond(isLarge: Bool) throws {
        try folder.write("f", content("a", isLarge: isLarge))
        let client = try Client(root: folder.path)
        let first = try client.request("GET", "/f")
        try folder.write("f", content("b", isLarge: isLarge), modified: 1_600_000_001, replaces: true)
        #expect(try client.request("GET", "/f") == first)
        client.host.advance(by: .seconds(1))
        let second = try client.request("GET", "/f")
        #expect(second.text == content("b", isLarge: isLarge))
        #expect(second["ETag"] != first["ETag"])
        #expect(second["Last-Modified"] != first["Last-Modified"])
        #expect(client.host.shutDown() == [])
    }

    @Test(arguments: [false, true]) func seesADeletedFileAfterASecond(isLarge: Bool) throws {
        try folder.write("f", content("a", isLarge: isLarge))
        let client = try Client(root: folder.path)
        #expect(try client.status("GET", "/f") == 200)
        try folder.delete("f")
        client.host.advance(by: .seconds(1))
        #expect(try client.status("GET", "/f") == 404)
        try folder.link("f", to: "/etc/passwd")
        #expect(try client.status("GET", "/f") == 403)
        #expect(client.host.shutDown() == [])
    }

    @Test func opensAFileOnceASecond() throws {
        try folder.write("f", "x")
        let client = try Client(root: folder.path)
        for _ in 0..<10 { _ = try client.request("GET", "/f") }
        #expect(client.host.metric("file_cache_misses_total") == 1)
        #expect(client.host.metric("file_cache_hits_total") == 9)
        let tag = try client.request("GET", "/f")["ETag"]
        client.host.advance(by: .seconds(7))
        #expect(try client.request("GET", "/f")["ETag"] == tag)
        #expect(client.host.metric("file_cache_misses_total") == 2)
    }

    /// As in a deploy that switches a link to the new folder.
    @Test func followsALinkAsItsRoot() throws {
        for release in ["1", "2"] {
            try folder.folder(release)
            try folder.write("\(release)/f", "release \(release)")
        }
        try folder.link("current", to: "1")
        let client = try Client(root: folder.path("current"))
        #expect(try client.request("GET", "/f").text == "release 1")
        try folder.delete("current")
        try folder.link("current", to: "2")
        client.host.advance(by: .seconds(1))
        #expect(try client.request("GET", "/f").text == "release 2")
        try folder.delete("current")
        client.host.advance(by: .seconds(1))
        #expect(try client.status("GET", "/f") == 404)
    }

    /// The cache evicts old entries. A file that is still being sent stays open, even without its entry.
    @Test func keepsAtMostItsCapacityOpen() throws {
        for index in 0..<20 { try folder.write("f\(index)", content("a", isLarge: true)) }
        let client = try Client(root: folder.path, options: ["open_files": 4], readsAtOnce: false)
        client.connection.send("GET /f0 HTTP/1.1\r\nHost: a\r\n\r\n")
        for index in 1..<20 {
            let other = client.host.connect()
            other.send("GET /f\(index) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try Answer(only: other.takeOutput()).content.count == 40_000)
        }
        // The same files again, the last one first: four of them are still in the cache.
        let misses = try #require(client.host.metric("file_cache_misses_total"))
        for index in (0..<20).reversed() {
            let other = client.host.connect()
            other.send("GET /f\(index) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try Answer(only: other.takeOutput()).content.count == 40_000)
        }
        #expect(client.host.metric("file_cache_misses_total") == misses + 16)
        #expect(client.connection.waitingOutput > 40_000)
        client.connection.read()
        #expect(try Answer(only: client.connection.takeOutput()).text == content("a", isLarge: true))
        #expect(client.host.shutDown() == [])
    }

    @Test func worksWithoutACache() throws {
        try folder.write("large", content("a", isLarge: true))
        try folder.write("small", content("b", isLarge: false))
        let client = try Client(root: folder.path, options: ["open_files": 0])
        for _ in 0..<3 {
            #expect(try client.request("GET", "/large").text == content("a", isLarge: true))
            #expect(try client.request("GET", "/small").text == content("b", isLarge: false))
        }
        #expect(client.host.metric("file_cache_hits_total") == 0)
        #expect(client.host.shutDown() == [])
    }

    /// The host aborts, because the length was announced. The next answer must not fill the gap.
    @Test func abortsIfAFileShrinksWhileItIsSent() throws {
        let path = try folder.write("f", content("a", isLarge: true))
        let client = try Client(root: folder.path, readsAtOnce: false)
        client.connection.send("GET /f HTTP/1.1\r\nHost: a\r\n\r\nGET /f HTTP/1.1\r\nHost: a\r\n\r\n")
        client.connection.read(upTo: 10_000)
        #expect(truncate(path, 5_000) == 0)
        client.connection.read()
        #expect(client.connection.end == .reset(.reset))
        #expect(client.connection.takeOutput().count == 10_000)
    }

    @Test func closesItsDescriptorsInTheEnd() throws {
        for index in 0..<10 { try folder.write("f\(index)", content("a", isLarge: true)) }
        let client = try Client(root: folder.path)
        for index in 0..<10 { #expect(try client.status("GET", "/f\(index)") == 200) }
        #expect(open(folderPath: folder.path) == 10)
        #expect(client.host.shutDown() == [])
        #expect(open(folderPath: folder.path) == 0)
    }

    /// The number of descriptors of this process that are files below a folder. Other tests open other files meanwhile.
    private func open(folderPath: String) -> Int {
        (0..<4_096).count { descriptor in
            var target = [CChar](repeating: 0, count: 1_024)
            let count = readlink("/proc/self/fd/\(descriptor)", &target, target.count - 1)
            return count > 0
                && String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self).hasPrefix(
                    folderPath + "/")
        }
    }
}
