struct FileCache {
    init(capacity: Int, folders: [FolderDescription], server: FieldText) {}
    func deallocate() {}
}
