internal import IR
internal import ONNXFile
internal import Passes
internal import Platform

#if canImport(Glibc)
  private import Glibc
#else
  private import Darwin
#endif

/// A folder that keeps what a search has measured: candidates are independent of each other, so that
/// processes on one machine or, with a shared folder, on several can work on one search, and one that
/// was interrupted goes on.
///
/// Each candidate is a model and a JSON file, written under other names and renamed, the JSON last; a
/// candidate exists once its JSON does. A worker claims one by a link that only one can make. The claim
/// of a process of this machine that has ended does not count, nor one that was not renewed for half an
/// hour.
public struct JobFolder: Sendable {
  private let path: String
  private static let stale = 1800.0
  /// Microseconds between two looks at what another process does.
  private static let wait: UInt32 = 200_000

  /// A folder, which is made where there is none when a search opens it.
  public init(_ path: String) { self.path = path }

  /// Makes the folder, or looks whether it belongs to a search.
  ///
  /// - Parameter plan: an empty plan for what is to be done.
  /// - Throws: `ModelError` where the folder belongs to another search or cannot be made.
  func open(_ plan: CompressionPlan) throws(ModelError) {
    guard FileTree.makeFolder(path) else {
      throw ModelError(
        .request, "\(path): expected a folder for jobs, found none that can be made")
    }
    let header = "\(path)/search.json"
    guard TextFile.exists(header) else { return try TextFile.write(try plan.json(), to: header) }
    try CompressionPlan(json: try TextFile.read(header)).check(against: plan, at: path)
  }

  // MARK: The table

  /// What cuts of single groups cost; nil where nobody has measured it.
  func groups() throws(ModelError) -> [WidthSearch.Group]? { try read("groups.json") }

  /// Keeps the table.
  func keep(_ groups: [WidthSearch.Group]) throws(ModelError) { try write(groups, "groups.json") }

  // MARK: Candidates

  private func name(_ place: Candidate.Place) -> String {
    let digits = "\(place.level)"
    let numbers = place.numbers.rawValue + (place.full.map(String.init) ?? "")
    return (place.isDraft ? "draft-" : "") + numbers + "-"
      + String(repeating: "0", count: max(0, 3 - digits.count)) + digits
  }

  /// The path of a candidate's model.
  func modelPath(_ place: Candidate.Place) -> String { "\(path)/\(name(place)).onnx" }

  /// A measured candidate; nil where there is none yet, and this process has claimed it. Where another
  /// process works on it, waits.
  func candidate(_ place: Candidate.Place) throws(ModelError) -> Candidate? {
    while true {
      if let found: Candidate = try read("\(name(place)).json") { return found }
      if try claim(place) {
        // Somebody may have finished it since.
        guard let found: Candidate = try read("\(name(place)).json") else { return nil }
        unlink(claimPath(place))
        return found
      }
      usleep(Self.wait)
    }
  }

  /// Whether nobody has measured a candidate nor works on it.
  func isFree(_ place: Candidate.Place) throws(ModelError) -> Bool {
    let measured: Candidate? = try read("\(name(place)).json")
    guard measured == nil else { return false }
    return !holds(claimPath(place))
  }

  /// Keeps a candidate and its model.
  func keep(_ candidate: Candidate, _ model: Model) throws(ModelError) {
    try ONNXFile.write(model, to: modelPath(candidate.place))
    try write(candidate, "\(name(candidate.place)).json")
    unlink(claimPath(candidate.place))
  }

  // MARK: Claims

  private func claimPath(_ place: Candidate.Place) -> String { "\(path)/\(name(place)).claim" }

  private func claim(_ place: Candidate.Place) throws(ModelError) -> Bool {
    let file = claimPath(place)
    if try make(file) { return true }
    guard !holds(file) else { return false }
    // Whoever renames the old claim away may make the new one.
    let mine = "\(file).\(Machine.hostName).\(getpid())"
    guard rename(file, mine) == 0 else { return false }
    if holds(mine) {  // another worker was quicker, and this is its claim
      rename(mine, file)
      return false
    }
    unlink(mine)
    return try make(file)
  }

  /// Makes a claim with its content, or finds that there is one: a link is made at once or not at all.
  private func make(_ file: String) throws(ModelError) -> Bool {
    let host = Machine.hostName
    let draft = "\(file).new.\(host).\(getpid())"
    try TextFile.write(Array("\(host) \(getpid())\n".utf8), to: draft)
    defer { unlink(draft) }
    if link(draft, file) == 0 { return true }
    if errno == EEXIST { return false }
    throw ModelError(
      .request, "\(file): expected to make the file, found: \(String(cString: strerror(errno)))")
  }

  /// Whether a claim counts.
  private func holds(_ file: String) -> Bool {
    guard let age = FileTree.age(file) else { return false }
    let text = (try? TextFile.read(file)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    let words = text.split(whereSeparator: \.isWhitespace)
    guard words.count == 2, let process = pid_t(words[1]) else { return false }
    if words[0] == Machine.hostName, kill(process, 0) != 0, errno == ESRCH {
      return false
    }
    return age < Self.stale
  }

  // MARK: Files

  private func read<Value: Decodable>(_ name: String) throws(ModelError) -> Value? {
    guard TextFile.exists("\(path)/\(name)") else { return nil }
    let bytes = try TextFile.read("\(path)/\(name)")
    do { return try JSONCoding.value(from: bytes) } catch {
      throw ModelError(
        .malformed, "\(path)/\(name): expected a file that a search wrote, found other content")
    }
  }

  private func write(_ value: some Encodable, _ name: String) throws(ModelError) {
    let bytes: [UInt8]
    do { bytes = try JSONCoding.bytes(of: value) } catch {
      throw ModelError(.invalid, "\(path)/\(name): \(error)")
    }
    try TextFile.write(bytes + [10], to: "\(path)/\(name)")
  }
}
