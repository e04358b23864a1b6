import IR
import Samples
import TestSupport
import Testing

@Suite("What data is like")
struct DataSurveyTests {
  private func data(_ count: Int, _ value: (Int) -> Float) throws -> Dataset {
    var net = Network()
    _ = net.input("x", [.init(symbol: "N"), 1, 2, 2])
    let x = Tensor(floats: (0..<count * 4).map(value), [count, 1, 2, 2])
    let labels = Tensor(int64: Array(0..<count), [count])
    return try Dataset([("x", x), ("labels", labels)], for: net.graph, label: "data")
  }

  private func notes(_ data: Dataset) throws -> [String] {
    try DataSurvey(data, label: "calibration").notes
  }

  @Test("Good data is passed over in silence")
  func good() throws {
    #expect(try notes(data(64) { Float($0 % 7) / 7 }).isEmpty)
  }

  @Test("Zeros, pixels, few samples and a sample far away are told of")
  func warnings() throws {
    #expect(try notes(data(64) { _ in 1 }) == ["input 'x': the same value everywhere, 1"])
    let pixels = try notes(data(64) { Float($0 % 256) })
    #expect(pixels.count == 1 && pixels[0].contains("values up to 255"))
    let few = try notes(data(4) { Float($0) / 7 })
    #expect(few.count == 1 && few[0].hasPrefix("4 samples"))
    let far = try notes(data(64) { $0 == 40 ? 1e5 : Float($0 % 7) / 7 })
    #expect(far.count == 1 && far[0].contains("sample 10"))
  }

  @Test("Zeros alone are refused, and told of where nothing is made of them")
  func zeros() throws {
    let zeros = try data(64) { _ in 0 }
    let error = #expect(throws: ModelError.self) { try notes(zeros) }
    #expect(
      error?.message.hasSuffix("expected samples that differ from zero, found zeros alone") == true)
    #expect(
      try DataSurvey(zeros, label: "inputs", refuses: false).notes
        == ["input 'x': the same value everywhere, 0"])
    let odd = try data(64) { $0 == 9 ? .nan : 0.5 }
    #expect(
      try DataSurvey(odd, label: "inputs", refuses: false).notes[0] == "input 'x': nan in sample 2")
  }

  @Test("NaN and infinities are refused, but for the negative ones of masks")
  func refusal() throws {
    for value in [Float.nan, .infinity] {
      let error = #expect(throws: ModelError.self) {
        try notes(data(64) { $0 == 9 ? value : 0.5 })
      }
      #expect(error?.message.contains("input 'x': expected numbers") == true)
      #expect(error?.message.hasSuffix("in sample 2") == true)
    }
    #expect(throws: ModelError.self) { try notes(data(64) { $0 == 9 ? -.infinity : 0.5 }) }
    _ = try notes(data(64) { $0 % 2 == 0 ? -.infinity : 0 })
  }

  @Test("Evaluation data that is scaled otherwise is told of")
  func otherScale() throws {
    let fitted = try DataSurvey(data(64) { Float($0 % 256) / 255 }, label: "calibration")
    let measured = try DataSurvey(data(64) { Float($0 % 256) }, label: "evaluation")
    #expect(measured.notes(against: fitted, label: "evaluation").count == 1)
    #expect(fitted.notes(against: fitted, label: "evaluation").isEmpty)
  }

  @Test("Every fourth of 64 samples is held out, with its label; fewer serve for both")
  func parts() throws {
    let parts = try data(64) { Float($0) }.parts
    #expect(parts.fit.count == 48 && parts.proof.count == 16)
    #expect(parts.fit.part == .fitted && parts.proof.part == .heldOut)
    #expect(parts.proof.labels?.prefix(3) == [3, 7, 11])
    let x = try #require(try parts.proof.inputs(1..<3)["x"])
    #expect(x.dimensions == [2, 1, 2, 2])
    #expect(x.floats == [28, 29, 30, 31, 44, 45, 46, 47])
    #expect(try parts.fit.inputs(2..<4)["x"]?.floats == [8, 9, 10, 11, 16, 17, 18, 19])
    let few = try data(63) { Float($0) }.parts
    #expect(few.fit.count == 63 && few.proof.count == 63 && few.proof.part == .fitted)
  }

  @Test("The interval of an accuracy is Wilson's")
  func interval() {
    var accuracy = Accuracy()
    #expect(accuracy.top1Interval == 0...1)
    (accuracy.samples, accuracy.top1) = (100, 90)
    let bounds = accuracy.top1Interval
    #expect(abs(bounds.lowerBound - 0.8256) < 1e-3 && abs(bounds.upperBound - 0.9448) < 1e-3)
  }
}
