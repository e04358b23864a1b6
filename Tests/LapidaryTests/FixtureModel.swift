import Lapidary
import TestSupport

/// The trained network of `Fixtures/fashion` and its data.
enum FixtureModel {
  static func load() throws -> Model {
    try ONNXFile.read(Repository.fixture("fashion/fashion.onnx"))
  }

  static func test(_ model: Model) throws -> Dataset {
    try Dataset.load(Repository.fixture("fashion/test.npz"), for: model, seed: 0)
  }

  static func calibration(_ model: Model) throws -> Dataset {
    try Dataset.load(Repository.fixture("fashion/calibration.npz"), for: model, seed: 0)
  }
}
