import Configuration
import Glibc
import HostInterface

/// A user or a group that hosts cannot become.
struct IdentityProblem: Error {
    /// Of `martlet.toml`.
    let key: String
    let message: String
}

extension Identity {
    /// What `user` and `group` mean on this machine: getpwnam(3), getgrnam(3), getgrouplist(3).
    ///
    /// - Returns: nil: hosts have the user of this process.
    init?(_ process: ProcessConfiguration) throws(IdentityProblem) {
        guard !process.user.isEmpty else {
            guard process.group.isEmpty else {
                throw IdentityProblem(key: "group", message: "expected user too: a group alone is not set")
            }
            return nil
        }
        let entry = UInt32(process.user).map { getpwuid($0) } ?? getpwnam(process.user)
        guard let entry else { throw IdentityProblem(key: "user", message: "there is no user \(process.user)") }
        let (user, name) = (entry.pointee.pw_uid, String(cString: entry.pointee.pw_name))
        var group = entry.pointee.pw_gid
        if !process.group.isEmpty {
            let entry = UInt32(process.group).map { getgrgid($0) } ?? getgrnam(process.group)
            guard let entry else { throw IdentityProblem(key: "group", message: "there is no group \(process.group)") }
            group = entry.pointee.gr_gid
        }
        if geteuid() != 0 {
            guard user == geteuid(), group == getegid() else {
                throw IdentityProblem(
                    key: "user",
                    message: "only a server that root starts can run hosts as another user, \(process.user)")
            }
            return nil
        }
        var (groups, count) = ([gid_t](repeating: 0, count: 256), Int32(256))
        guard getgrouplist(name, group, &groups, &count) >= 0 else {
            throw IdentityProblem(key: "user", message: "\(process.user) is in too many groups")
        }
        self.init(user: user, group: group, groups: Array(groups.prefix(Int(count))))
    }
}
