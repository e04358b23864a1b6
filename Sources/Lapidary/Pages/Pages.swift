public import IR
public import Reports
public import Samples

extension HTMLPage {
  /// A page on a model: its report and its graph.
  public static func inspection(_ report: Report, of model: Model, title: String) -> HTMLPage {
    var page = HTMLPage(report, title: title)
    page.picture = Picture(model)
    return page
  }

  /// A page on the differences of two models: both in one graph.
  public static func difference(
    _ report: Report, _ found: DiffReport, _ a: Model, _ b: Model
  ) -> HTMLPage {
    var page = HTMLPage(report, title: "\(found.nameA) → \(found.nameB)")
    page.draw(found, a, b)
    return page
  }

  /// A page on what compression gained and cost, with the model before and after in one graph.
  public static func compression(
    _ report: Report, _ result: Compression, original: Model, title: String
  ) -> HTMLPage {
    var page = HTMLPage(report, title: title)
    if let found = try? ModelDiff().compare(original, result.model) {
      page.draw(found, original, result.model)
    }
    page.charts = [
      BarChart(
        "Bytes by stage", series: ["bytes"],
        rows: result.stages.map { ($0.name, [(Double($0.bytes), Cell.short($0.bytes).text())]) })
    ]
    let accuracies = result.stages.compactMap { stage in
      stage.accuracy.map { (stage.name, $0.top1Fraction) }
    }
    if !accuracies.isEmpty {
      page.charts.append(
        BarChart(
          "Top-1 by stage", series: ["top-1"],
          rows: accuracies.map { ($0.0, [($0.1, "\(NumberText.decimal(100 * $0.1, 2)) %")]) }))
    }
    let signals = result.stages.compactMap { stage in
      stage.fidelity.map { (stage.name, $0.sqnr) }
    }
    if !signals.isEmpty {
      page.charts.append(
        BarChart(
          "SQNR against the original by stage, dB", series: ["SQNR"],
          rows: signals.map { ($0.0, [($0.1, NumberText.decimal($0.1, 1))]) }))
    }
    page.charts += LayerCosts(original, result.model).charts
    return page
  }

  /// A page on how far the outputs of two models lie apart, and both in one graph.
  ///
  /// - Parameter tolerance: the relative difference up to which outputs are the same.
  public static func comparison(
    _ report: Report, _ result: ModelComparison, _ a: Model, _ b: Model, tolerance: Double,
    title: String
  ) -> HTMLPage {
    var words = report
    let word = result.maxRelative <= tolerance ? "same" : "differs"
    words.add(
      "verdict",
      "\(word): outputs lie \(NumberText.scientific(result.maxRelative)) apart, relative to their largest magnitude; \(NumberText.scientific(tolerance)) is allowed",
      strong: true)
    var page = HTMLPage(words, title: title)
    if let found = try? ModelDiff().compare(a, b) { page.draw(found, a, b) }
    page.charts = [
      BarChart(
        "SQNR by output, dB", series: ["SQNR"],
        rows: result.outputs.map {
          ($0.name, [($0.comparison.sqnr, NumberText.decimal($0.comparison.sqnr, 1))])
        })
    ]
    return page
  }

  /// Draws two models in one graph.
  private mutating func draw(_ found: DiffReport, _ a: Model, _ b: Model) {
    let views = found.isByLayer ? ModelDiff.views(a, b) : (ModelView(a), ModelView(b))
    picture = Picture(a, b, views: (views.0.model, views.1.model), found)
  }
}
