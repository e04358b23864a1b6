/// A report as one file that needs no other: its text, a picture of the graph and charts.
///
/// The same report gives the same bytes. The picture is laid out beforehand; a small script pans, zooms,
/// searches and shows what is known of a node.
public struct HTMLPage {
  /// What the page says in words.
  public var report: Report
  /// The graph.
  package var picture: Picture?
  /// The charts.
  package var charts: [BarChart] = []
  /// Further charts, below the others.
  package var curves: [CurveChart] = []
  /// The words in the browser's title.
  public var title: String

  /// A page without a picture.
  public init(_ report: Report, title: String) {
    self.report = report
    self.title = title
  }

  /// The file.
  public var text: String {
    var words = report
    var head = "<h1>\(htmlEscaped(title))</h1>"
    if let place = words.blocks.firstIndex(where: { if case .heading = $0 { true } else { false } }
    ),
      case .heading(let heading) = words.blocks[place]
    {
      head = "<h1>\(htmlEscaped(heading.document))</h1>"
      words.blocks.remove(at: place)
    }
    for block in words.blocks {
      if case .statement(_, let text, true) = block {
        head += "<p class=\"verdict\">\(htmlEscaped(text))</p>"
      }
    }
    words.blocks.removeAll { if case .statement(_, _, true) = $0 { true } else { false } }
    let views = picture.map { PictureViews($0) }
    var out = """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8">
      <meta name="viewport" content="width=device-width">
      <title>\(htmlEscaped(title))</title>
      <style>\(Self.style)</style></head><body>
      <header>\(head)</header>

      """
    if let picture, let views { out += stage(picture, views) }
    out +=
      "<main>\n" + HTMLRenderer().render(words) + charts.map(\.svg).joined()
      + curves.map(\.svg).joined() + "</main>\n"
    if let picture, let views {
      out += "<script type=\"application/json\" id=\"data\">\(data(picture, views))</script>\n"
      out += "<script>\(Self.script)</script>\n"
    }
    return out + "</body></html>\n"
  }

  private func stage(_ picture: Picture, _ views: PictureViews) -> String {
    let states = Set(picture.nodes.map(\.state))
    let keys: [(Picture.State, String)] = [
      (.same, "unchanged"), (.changed, "changed"), (.removed, "removed"), (.inserted, "inserted"),
    ]
    let legend = keys.filter { states.contains($0.0) }.map { state, word in
      "<span class=\"key \(state.rawValue)\">\(word)</span>"
    }.joined()
    let drawings = views.views.enumerated().map { PictureSVG($1, number: $0).svg }.joined()
    return """
      <section id="stage"><div id="bar"><nav id="crumbs"></nav>\(legend)
      <input id="find" type="search" placeholder="search nodes" autocomplete="off">
      <button id="fit" type="button">fit</button><button id="one" type="button">1:1</button></div>
      <div id="canvas">\(drawings)</div>
      <aside id="side"><p>Drag to move, turn the wheel to zoom, click a node. A block with a thick \
      border opens.</p></aside></section>

      """
  }

  /// What the script knows of nodes and views.
  private func data(_ picture: Picture, _ views: PictureViews) -> String {
    let nodes = picture.nodes.enumerated().map { index, node in
      JSONValue.object([
        "t": .string(node.title), "n": .string(node.name), "v": .int(views.viewOf[index]),
        "d": .array(node.details.map { .array([.string($0.name), .string($0.value)]) }),
        "h": .array(
          node.histograms.map { histogram in
            .array([
              .string(histogram.title), .number(histogram.range.lowerBound),
              .number(histogram.range.upperBound), .array(histogram.counts.map { .int($0) }),
            ])
          }),
      ])
    }
    let drawn = views.views.map { view in
      JSONValue.object(["t": .string(view.title), "p": .int(view.parent)])
    }
    // No text may end the element that holds it.
    return JSONValue.object(["nodes": .array(nodes), "views": .array(drawn)]).line
      .replacing("<", with: "\\u003c")
  }
}
