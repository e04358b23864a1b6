/// Horizontal bars, several a row where there are several series, as inline SVG.
package struct BarChart {
  /// What the chart shows.
  package var title: String
  /// What bars of the same colour are.
  package var series: [String]
  /// A row: its name, and for each series a number and what people read of it.
  package var rows: [(name: String, values: [(number: Double, text: String)])]

  package init(
    _ title: String, series: [String],
    rows: [(name: String, values: [(number: Double, text: String)])]
  ) {
    self.title = title
    self.series = series
    self.rows = rows
  }

  private static let nameWidth = 300.0, barWidth = 560.0, textWidth = 150.0, bar = 13.0

  /// The chart.
  var svg: String {
    let most = rows.flatMap { $0.values.map(\.number) }.filter(\.isFinite).max() ?? 0
    let step = Self.bar * Double(series.count) + 7
    let height = step * Double(rows.count) + 8
    let width = Self.nameWidth + Self.barWidth + Self.textWidth
    var out = "<figure><figcaption>\(htmlEscaped(title))"
    for (index, name) in series.enumerated() where series.count > 1 {
      out += " <span class=\"key k\(index)\">\(htmlEscaped(name))</span>"
    }
    out +=
      "</figcaption><svg class=\"chart\" viewBox=\"0 0 \(PictureSVG.text(width)) \(PictureSVG.text(height))\" width=\"\(PictureSVG.text(width))\" height=\"\(PictureSVG.text(height))\">"
    for (index, row) in rows.enumerated() {
      let y = step * Double(index) + 4
      let name = row.name.count > 44 ? row.name.prefix(21) + "…" + row.name.suffix(21) : row.name
      let middle = y + Self.bar * Double(series.count) / 2 + 4
      out +=
        "<text class=\"name\" x=\"\(PictureSVG.text(Self.nameWidth - 8))\" y=\"\(PictureSVG.text(middle))\">\(htmlEscaped(name))</text>"
      for (place, value) in row.values.enumerated() {
        let share =
          value.number == .infinity
          ? 1 : most > 0 && value.number.isFinite ? max(0, value.number) / most : 0
        let top = y + Self.bar * Double(place)
        out +=
          "<rect class=\"k\(place)\" x=\"\(PictureSVG.text(Self.nameWidth))\" y=\"\(PictureSVG.text(top))\" width=\"\(PictureSVG.text(max(1, share * Self.barWidth)))\" height=\"\(PictureSVG.text(Self.bar - 2))\"/>"
        out +=
          "<text class=\"value\" x=\"\(PictureSVG.text(Self.nameWidth + share * Self.barWidth + 6))\" y=\"\(PictureSVG.text(top + 9))\">\(htmlEscaped(value.text))</text>"
      }
    }
    return out + "</svg></figure>\n"
  }
}
