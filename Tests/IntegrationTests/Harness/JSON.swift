import FoundationEssentials

func decodeJSON<Value: Decodable>(_ type: Value.Type, from text: String) throws -> Value {
    do {
        return try JSONDecoder().decode(type, from: Data(text.utf8))
    } catch {
        throw Failure("not the JSON of \(type): \(error); found: \(text)")
    }
}
