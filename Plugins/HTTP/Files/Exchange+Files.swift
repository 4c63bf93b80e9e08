import HTTPWire

extension Exchange {
    func answerFile(_ head: RequestHead, _ input: Bytes, _ path: Bytes, below prefix: Int, folder: Int) -> Flow {
        answer(.notFound)
    }
}
