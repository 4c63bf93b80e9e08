// Goes, with the two `#if canImport(CFileAccess)`, once Package.swift lists the target CFileAccess.
#if !canImport(CFileAccess)
    import Glibc

    func file_access_open_folder(_ path: UnsafePointer<CChar>) -> Int32 { -ENOSYS }
    func file_access_open(_ folder: Int32, _ path: UnsafePointer<CChar>) -> Int32 { -ENOSYS }
#endif
