public import IR
internal import Platform

/// A plan that is kept in a file: the same decisions give the same bytes.
public protocol PlanFile: Codable {
  /// What errors call the plan, with its article.
  static var subject: String { get }
  /// The version of the format that is read.
  static var version: Int { get }
  /// Whether slashes in names are written with a backslash before them.
  static var escapesSlashes: Bool { get }
  /// The version of the format that it is in.
  var schema: Int { get }
}

extension PlanFile {
  /// The plan as JSON with sorted keys and a final newline.
  public func json() throws(ModelError) -> [UInt8] {
    do {
      return try JSONCoding.bytes(of: self, escapesSlashes: Self.escapesSlashes) + [10]
    } catch {
      throw ModelError(.invalid, "plan: \(error)")
    }
  }

  /// Reads a plan.
  ///
  /// - Throws: `ModelError` when the bytes are no plan of a known version.
  public init(json: [UInt8]) throws(ModelError) {
    do { self = try JSONCoding.value(from: json) } catch {
      throw ModelError(
        .malformed, "plan: expected \(Self.subject) in JSON, found other content")
    }
    guard schema == Self.version else {
      throw ModelError(.unsupported, "plan: expected schema \(Self.version), found \(schema)")
    }
  }
}
