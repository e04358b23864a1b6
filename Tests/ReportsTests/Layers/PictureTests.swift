import IR
import Reports
import TestSupport
import Testing

@Suite("Pages for a browser") struct PictureTests {
  private func page(_ picture: Picture) -> String {
    var page = HTMLPage(Report(), title: "a <title> & more")
    page.picture = picture
    return page.text
  }

  @Test("a page holds each node once, needs no other file and is the same every time")
  func page() {
    let model = Network.residual()
    let text = page(Picture(model))
    #expect(text == page(Picture(model)))
    #expect(text.matches(of: /data-n="\d+"/).count == 5)
    #expect(!text.contains("http"))
    #expect(!text.contains("src="))
    #expect(text.contains("<title>a &lt;title&gt; &amp; more</title>"))
  }

  @Test("what a model calls its nodes cannot end a script or open an element")
  func escaped() {
    var model = Network.residual()
    let conv = model.graph.nodeIDs.first { model.graph[$0].name == "conv1" }
    if let conv { model.graph[conv].name = "</script><b onclick=\"x\">" }
    let text = page(Picture(model))
    #expect(text.matches(of: /<\/script>/).count == 2)
    #expect(!text.contains("<b onclick"))
  }

  @Test("a difference shows nodes of both models and what became of them")
  func difference() throws {
    let a = Network.residual()
    let b = Network.residual { $0.changedWeights["conv1.w"] = { $0[0] += 1 } }
    let report = diff(a, b)
    let picture = Picture(a, b, views: (a, b), report)
    #expect(picture.nodes.count == 5)
    let changed = picture.nodes.filter { $0.state == .changed }
    #expect(changed.map(\.name) == ["conv1"])
    #expect(changed.first?.histograms.map(\.title) == ["a", "b"])
    #expect(picture.nodes.filter { $0.state == .same }.count == 4)
  }

  @Test("large graphs are drawn in blocks, each node in one drawing")
  func blocks() {
    var picture = Picture()
    for layer in 0..<30 {
      for step in 0..<20 {
        picture.nodes.append(Picture.Item(title: "Add", name: "/model/layer.\(layer)/add_\(step)"))
        let count = picture.nodes.count
        if count > 1 { picture.edges.append((count - 2, count - 1, "")) }
      }
    }
    let views = PictureViews(picture)
    #expect(views.views.count == 31)
    #expect(views.views.allSatisfy { $0.boxes.count <= 210 })
    let shown = views.views.flatMap { view in view.boxes.compactMap(\.node) }
    #expect(shown.sorted() == Array(0..<600))
  }

  @Test("long runs of unchanged nodes are folded")
  func folded() {
    var picture = Picture()
    for step in 0..<40 {
      picture.nodes.append(Picture.Item(title: "Relu", name: "r\(step)"))
      picture.nodes[step].state = step == 20 ? .changed : .same
      if step > 0 { picture.edges.append((step - 1, step, "")) }
    }
    let views = PictureViews(picture)
    #expect(views.views[0].boxes.count == 3)
    #expect(views.views[0].boxes.map(\.state) == [.block, .changed, .block])
  }
}
