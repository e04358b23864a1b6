import IR
import Testing

@Suite("Text form")
struct TextFormTests {
  private func model() -> Model {
    var graph = Graph(name: "net")
    let batch = Dimension(symbol: "batch")
    let type = ValueType.tensor(TensorType(.float, Shape([batch, 2])))
    let x = graph.addValue(named: "x", type: type)!
    graph.addInput(ValueInfo(x, type: type))
    let w = graph.addInitializer("layer.0/w", Tensor(floats: [1, 2.5, -0.001, 4], [2, 2]))
    let large = graph.addInitializer(
      "large", Tensor(floats: [Float](repeating: 0.5, count: 9), [9]))
    let scale = graph.addInitializer("s", Tensor(floats: [.infinity], []))
    let y = graph.addValue(named: "y")!
    graph.add(
      Node(
        "Foo", domain: "com.example", name: "foo 1", inputs: [x, nil, w, large, scale],
        outputs: [y],
        attributes: [
          Attribute("ints", .ints([1, -2])), Attribute("f", .float(1)),
          Attribute("s", .string(Array("a\"b\\".utf8))),
          Attribute("t", .tensor(Tensor(int64: [7], [1]))),
        ]))
    graph.addOutput(ValueInfo(y, type: .tensor(TensorType(.float, nil))))
    var model = Model(graph: graph)
    model.producerName = "tests"
    return model
  }

  @Test("models print in ONNX's syntax, large tensors as digests")
  func print() throws {
    let digest = try #require(
      model().graph.value(named: "large").flatMap {
        model().graph[$0].initializer
      }
    ).digest
    #expect(
      model().text() == """
        <
           ir_version: 8,
           opset_import: ["" : 17],
           producer_name: "tests"
        >
        net (float[batch,2] x) => (float[] y)
           <float[2,2] "layer.0/w" = {1,2.5,-0.001,4},
            float[9] large = {... \(digest)},
            float s = {inf}>
        {
           ["foo 1"] y = com.example.Foo <ints: ints = [1, -2], f: float = 1, s: string = "a\\"b\\\\", t: tensor = int64[1] {7}> (x, "", "layer.0/w", large, s)
        }

        """)
  }

  @Test("a higher limit writes every element")
  func limit() {
    #expect(model().text(tensorLimit: 9).contains("large = {0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5}"))
  }

  @Test("subgraphs and functions print inside out")
  func nested() {
    var body = Graph(name: "then")
    let x = body.addValue(named: "x")!, t = body.addValue(named: "t")!
    body.add(Node("Relu", inputs: [x], outputs: [t]))
    body.addOutput(ValueInfo(t, type: .tensor(TensorType(.float, [1]))))
    var graph = Graph(name: "g")
    let c = graph.addValue(named: "c")!, y = graph.addValue(named: "y")!
    graph.add(
      Node("If", inputs: [c], outputs: [y], attributes: [Attribute("then_branch", .graph(body))]))
    #expect(
      graph.text() == """
        g () => ()
        {
           y = If (c) <then_branch: graph = then () => (float[1] t)
           {
              t = Relu (x)
           }>
        }

        """)
    var function = Function(body: body)
    function.name = "Foo"
    function.domain = "local"
    function.attributeNames = ["alpha"]
    function.attributeDefaults = [Attribute("beta", .float(0.5))]
    function.opsetImports = [OpsetImport(domain: nil, version: 17)]
    #expect(
      function.text() == """
        <
          domain: "local",
          opset_import: ["" : 17]
        >
        Foo <alpha, beta: float = 0.5> () => (t)
        {
           t = Relu (x)
        }

        """)
  }
}
