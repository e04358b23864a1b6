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
    let views = found.isByLayer ? ModelDiff.views(a, b) : (ModelView(a), ModelView(b))
    page.picture = Picture(a, b, views: (views.0.model, views.1.model), found)
    return page
  }

  /// A page on what compression gained and cost.
  public static func compression(
    _ report: Report, _ result: Compression, original: Model, title: String
  ) -> HTMLPage {
    var page = HTMLPage(report, title: title)
    page.picture = Picture(result.model)
    page.charts = [
      BarChart(
        "Bytes by stage", series: ["bytes"],
        rows: result.stages.map { ($0.name, [(Double($0.bytes), "\($0.bytes)")]) })
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

  /// A page on how far the outputs of two models lie apart.
  public static func comparison(
    _ report: Report, _ result: ModelComparison, title: String
  ) -> HTMLPage {
    var page = HTMLPage(report, title: title)
    page.charts = [
      BarChart(
        "SQNR by output, dB", series: ["SQNR"],
        rows: result.outputs.map {
          ($0.name, [($0.comparison.sqnr, NumberText.decimal($0.comparison.sqnr, 1))])
        })
    ]
    return page
  }
}
