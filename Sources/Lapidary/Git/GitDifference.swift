internal import IR
internal import Reports

/// The difference of two versions of a model file, as git's drivers show it.
public enum GitDifference {
  /// The text for a file in two versions.
  ///
  /// - Parameters:
  ///   - name: the file's name in the repository.
  ///   - old: the path of the old version, `/dev/null` where there is none.
  ///   - new: the path of the new version.
  public static func text(_ name: String, old: String, new: String, _ comparison: ModelDiff)
    -> String
  {
    var (a, b) = (GitModelFile(old), GitModelFile(new))
    // Git hands over a version without the files of its weights; those of neither are compared then.
    if a.lacksData || b.lacksData {
      (a, b) = (GitModelFile(old, isDetached: true), GitModelFile(new, isDetached: true))
    }
    let head = "lapidary diff \(name)\n"
    switch (a, b) {
    case (.model(var x), .model(var y)):
      do throws(ModelError) {
        let apart = Model.setApart(&x, &y)
        var report = try comparison.compare(x, y)
        report.nameA = "a/\(name)"
        report.nameB = "b/\(name)"
        report.notCompared = apart
        let note = apart.map { "not compared: \($0), which git keeps apart; see git-review\n" }
        return head + report.report(DiffDetail(failing: 200)).text + (note ?? "")
      } catch {
        return head + "cannot be compared: \(error.message)\n"
      }
    case (.none, .model(let model)): return head + "added: " + summary(model)
    case (.model(let model), .none): return head + "removed: " + summary(model)
    case (.none, _): return head + "added: " + b.text
    case (_, .none): return head + "removed: " + a.text
    default:
      return head + "--- a/\(name)\n" + said(a) + "+++ b/\(name)\n" + said(b)
    }
  }

  private static func said(_ file: GitModelFile) -> String {
    if case .model(let model) = file { return summary(model) }
    return file.text
  }

  private static func summary(_ model: Model) -> String {
    func ports(_ infos: [ValueInfo]) -> String {
      infos.map { "\(model.graph[$0.value].name): \($0.type.map { "\($0)" } ?? "?")" }
        .joined(separator: ", ")
    }
    return FileText.shown(
      "a model of \(model.graph.nodeCount) nodes, (\(ports(model.graph.requiredInputs))) -> "
        + "(\(ports(model.graph.outputs)))\n")
  }
}
