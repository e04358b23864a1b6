/// Draws one view of a picture as inline SVG.
struct PictureSVG {
  private let view: PictureView
  private let number: Int

  /// Widths of a character of titles and of the words below, in a monospaced font.
  private static let titleWidth = 7.3, wordWidth = 6.1
  /// Characters of a line at most.
  private static let longest = 30

  init(_ view: PictureView, number: Int) {
    self.view = view
    self.number = number
  }

  private static func short(_ text: String) -> String {
    guard text.count > longest else { return text }
    return text.prefix(longest / 2) + "…" + text.suffix(longest / 2 - 1)
  }

  private static func size(_ box: PictureView.Box) -> (width: Double, height: Double) {
    let width = max(
      Double(short(box.title).count) * titleWidth, Double(short(box.subtitle).count) * wordWidth)
    return (max(56, width.rounded(.up) + 18), box.subtitle.isEmpty ? 26 : 40)
  }

  /// A number without needless digits.
  static func text(_ value: Double) -> String {
    let tenths = (value * 10).rounded() / 10
    return tenths == tenths.rounded() ? "\(Int(tenths))" : "\(tenths)"
  }

  /// The drawing.
  var svg: String {
    let sizes = view.boxes.map(Self.size)
    let layout = LayeredLayout(sizes: sizes, edges: view.edges)
    var out =
      "<svg class=\"view\" id=\"v\(number)\" data-w=\"\(Self.text(layout.width))\" "
      + "data-h=\"\(Self.text(layout.height))\"><g class=\"pan\">"
    for path in layout.edges { out += "<path class=\"e\" d=\"\(Self.curve(path))\"/>" }
    for (index, box) in view.boxes.enumerated() {
      out += Self.draw(box, sizes[index], at: layout.nodes[index])
    }
    return out + "</g></svg>\n"
  }

  /// A curve that leaves and meets boxes upright.
  private static func curve(_ points: [LayeredLayout.Point]) -> String {
    guard let first = points.first else { return "" }
    var out = "M\(text(first.x)) \(text(first.y))"
    for (from, to) in zip(points, points.dropFirst()) {
      if abs(from.x - to.x) < 0.5 {
        out += "L\(text(to.x)) \(text(to.y))"
      } else {
        let middle = (from.y + to.y) / 2
        out +=
          "C\(text(from.x)) \(text(middle)) \(text(to.x)) \(text(middle)) \(text(to.x)) \(text(to.y))"
      }
    }
    return out
  }

  private static func draw(
    _ box: PictureView.Box, _ size: (width: Double, height: Double), at point: LayeredLayout.Point
  ) -> String {
    let x = point.x - size.width / 2, y = point.y - size.height / 2
    var out = "<g class=\"n \(box.opens != nil ? "block " : "")\(box.state.rawValue)\""
    if let node = box.node { out += " data-n=\"\(node)\"" }
    if let opens = box.opens { out += " data-v=\"\(opens)\"" }
    out += " transform=\"translate(\(text(x)) \(text(y)))\">"
    out += "<rect width=\"\(text(size.width))\" height=\"\(text(size.height))\" rx=\"5\"/>"
    let middle = text(size.width / 2)
    out += "<text class=\"t\" x=\"\(middle)\" y=\"17\">\(htmlEscaped(short(box.title)))</text>"
    if !box.subtitle.isEmpty {
      out += "<text class=\"s\" x=\"\(middle)\" y=\"32\">\(htmlEscaped(short(box.subtitle)))</text>"
    }
    return out + "</g>"
  }
}

/// Text whose characters HTML takes as they are, those that no page may hold replaced.
package func htmlEscaped(_ text: String) -> String {
  var out = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "<": out += "&lt;"
    case ">": out += "&gt;"
    case "&": out += "&amp;"
    case "\"": out += "&quot;"
    case "\u{0}"..."\u{8}", "\u{b}"..."\u{1f}", "\u{7f}"..."\u{9f}": out += "\u{fffd}"
    default: out.unicodeScalars.append(scalar)
    }
  }
  return out
}
