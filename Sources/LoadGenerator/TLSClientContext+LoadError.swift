import TLSClient

extension TLSClientContext {
    static func make(_ settings: TLSClientSettings) throws(LoadError) -> TLSClientContext {
        do throws(TLSFailure) {
            return try TLSClientContext(settings)
        } catch {
            throw .tls(error.description)
        }
    }
}
