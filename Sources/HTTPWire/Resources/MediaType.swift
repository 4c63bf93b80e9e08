/// The media type of a file by the extension of its name (RFC 9110 8.3). Text types have the charset UTF-8. Types are those
/// registered with IANA.
package enum MediaType {
    /// For files of an unknown type.
    package static var unknown: StaticString { "application/octet-stream" }

    /// `path` may have directories. Only the text after the last dot of the last segment is compared, without regard to case. A
    /// name that only has a leading dot, such as `.profile`, has no extension.
    package static func forFile(named path: RawSpan) -> StaticString {
        guard let key = FileExtension(of: path) else { return unknown }
        return text(key) ?? application(key) ?? image(key) ?? other(key) ?? unknown
    }

    private static func text(_ key: FileExtension) -> StaticString? {
        switch key {
        case "html", "htm": "text/html; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "js", "mjs": "text/javascript; charset=utf-8"
        case "txt", "text", "log", "conf", "toml": "text/plain; charset=utf-8"
        case "md", "markdown": "text/markdown; charset=utf-8"
        case "csv": "text/csv; charset=utf-8"
        case "xml", "xsl": "text/xml; charset=utf-8"
        case "ics": "text/calendar; charset=utf-8"
        case "vtt": "text/vtt; charset=utf-8"
        default: nil
        }
    }

    private static func application(_ key: FileExtension) -> StaticString? {
        switch key {
        case "json", "map": "application/json"
        case "wasm": "application/wasm"
        case "pdf": "application/pdf"
        case "webmanifest": "application/manifest+json"
        case "jsonld": "application/ld+json"
        case "yaml", "yml": "application/yaml"
        case "xhtml": "application/xhtml+xml"
        case "rss": "application/rss+xml"
        case "atom": "application/atom+xml"
        case "rtf": "application/rtf"
        case "zip": "application/zip"
        case "gz", "tgz": "application/gzip"
        case "zst": "application/zstd"
        case "7z": "application/x-7z-compressed"
        case "tar": "application/x-tar"
        case "bz2": "application/x-bzip2"
        case "xz": "application/x-xz"
        case "epub": "application/epub+zip"
        case "sqlite": "application/vnd.sqlite3"
        default: nil
        }
    }

    private static func image(_ key: FileExtension) -> StaticString? {
        switch key {
        case "png": "image/png"
        case "jpg", "jpeg": "image/jpeg"
        case "gif": "image/gif"
        case "svg": "image/svg+xml"
        case "webp": "image/webp"
        case "avif": "image/avif"
        case "jxl": "image/jxl"
        case "ico": "image/vnd.microsoft.icon"
        case "bmp": "image/bmp"
        case "tif", "tiff": "image/tiff"
        case "heic": "image/heic"
        default: nil
        }
    }

    private static func other(_ key: FileExtension) -> StaticString? {
        switch key {
        case "woff2": "font/woff2"
        case "woff": "font/woff"
        case "ttf": "font/ttf"
        case "otf": "font/otf"
        case "mp3": "audio/mpeg"
        case "m4a": "audio/mp4"
        case "ogg", "oga", "opus": "audio/ogg"
        case "wav": "audio/wav"
        case "flac": "audio/flac"
        case "mp4", "m4v": "video/mp4"
        case "webm": "video/webm"
        case "ogv": "video/ogg"
        case "mov": "video/quicktime"
        default: nil
        }
    }
}
