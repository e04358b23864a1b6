/// The commit that a release was made of. `git archive` writes it in here (`.gitattributes`); a build of
/// a working copy has none, since it need not be that of any commit.
enum BuildCommit {
  private static let archived = "$Format:%h$"

  /// The commit's short name; nil in a working copy.
  static var name: String? { archived.hasPrefix("$") ? nil : archived }
}
