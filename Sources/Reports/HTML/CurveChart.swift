/// Points and the line through them, as inline SVG.
package struct CurveChart {
  /// What the chart shows.
  package var title: String
  /// What lies along the bottom and upwards.
  package var x: String, y: String
  /// The points from one end of the line to the other, each with what people read of it.
  package var points: [(x: Double, y: Double, text: String)]

  package init(
    _ title: String, x: String, y: String, points: [(x: Double, y: Double, text: String)]
  ) {
    self.title = title
    self.x = x
    self.y = y
    self.points = points
  }

  private static let width = 640.0, height = 400.0
  private static let left = 70.0, right = 20.0, top = 20.0, bottom = 50.0
  private static let ticks = 4

  /// The chart.
  var svg: String {
    let most = max(points.map(\.x).max() ?? 1, .leastNormalMagnitude)
    let high = max(points.map(\.y).max() ?? 1, 0.01), low = min(points.map(\.y).min() ?? 0, 0)
    func across(_ value: Double) -> String {
      PictureSVG.text(Self.left + (Self.width - Self.left - Self.right) * value / most)
    }
    func up(_ value: Double) -> String {
      let span = Self.height - Self.top - Self.bottom
      return PictureSVG.text(Self.height - Self.bottom - span * (value - low) / (high - low))
    }
    let floor = PictureSVG.text(Self.height - Self.bottom)
    var out = "<figure><figcaption>\(htmlEscaped(title))</figcaption>"
    out +=
      "<svg class=\"chart\" viewBox=\"0 0 640 400\" width=\"640\" height=\"400\">"
      + "<path d=\"M70 20V\(floor)H620\" fill=\"none\" stroke=\"#888\"/>"
      + "<text x=\"345\" y=\"392\" text-anchor=\"middle\">\(htmlEscaped(x))</text>"
      + "<text x=\"70\" y=\"12\">\(htmlEscaped(y))</text>"
    for part in 0...Self.ticks {
      let share = Double(part) / Double(Self.ticks)
      let height = low + (high - low) * share
      out +=
        "<text x=\"\(across(most * share))\" y=\"368\" text-anchor=\"middle\">\(Int(most * share))</text>"
      out +=
        "<text x=\"64\" y=\"\(up(height))\" text-anchor=\"end\">\(NumberText.decimal(height, 2))</text>"
    }
    let line = points.map { "\(across($0.x)),\(up($0.y))" }.joined(separator: " ")
    out += "<polyline points=\"\(line)\" fill=\"none\" stroke=\"#36c\"/>"
    for point in points {
      let text =
        "\(point.text): \(NumberText.decimal(point.x, 0)), \(NumberText.decimal(point.y, 2))"
      out +=
        "<circle cx=\"\(across(point.x))\" cy=\"\(up(point.y))\" r=\"4\" fill=\"#36c\"><title>\(htmlEscaped(text))</title></circle>"
    }
    return out + "</svg></figure>\n"
  }
}
