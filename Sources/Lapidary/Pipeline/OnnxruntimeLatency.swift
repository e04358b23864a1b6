internal import IR
internal import ONNXFile
internal import Platform
internal import Samples

/// How long onnxruntime takes, where a Python is there that has it: the one that `LAPIDARY_PYTHON` names,
/// else `python3`.
struct OnnxruntimeLatency: Sendable {
  /// Models of more bytes are not handed over.
  private static let mostBytes = 1 << 30

  private let python: String
  private let inputs: [String: Tensor]
  private let threads: Int

  /// - Parameters:
  ///   - inputs: one run's.
  ///   - threads: 0 for as many as onnxruntime takes by itself.
  init?(_ inputs: [String: Tensor], threads: Int) {
    python = Machine.environment("LAPIDARY_PYTHON") ?? "python3"
    self.inputs = inputs
    self.threads = threads
    guard !python.isEmpty,
      ChildProcess.output(python, ["-c", "import numpy, onnxruntime"]) != nil
    else { return nil }
  }

  /// The median time of a run; nil for a model that onnxruntime does not take.
  func median(of model: Model) -> Duration? {
    guard ONNXFile.byteCount(of: model) <= Self.mostBytes,
      let folder = FileTree.makeTemporaryFolder()
    else { return nil }
    defer { FileTree.remove(folder) }
    let names = inputs.keys.sorted()
    do {
      try ONNXFile.write(model, to: "\(folder)/model.onnx")
      // Inputs may have any names; files are called by their places.
      for (place, name) in names.enumerated() {
        guard let tensor = inputs[name] else { continue }
        try NPY.write(tensor, to: "\(folder)/\(place).npy")
      }
    } catch { return nil }
    let arguments = ["-c", Self.script, folder, "\(threads)"] + names
    return ChildProcess.output(python, arguments).flatMap(Double.init).map { .seconds($0) }
  }

  /// Warms up as `Trial` does not need to, since it ran the model before, and takes as many runs.
  private static let script = """
    import statistics, sys, time
    import numpy, onnxruntime
    folder, threads, names = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        folder + "/model.onnx", options, providers=["CPUExecutionProvider"])
    feeds = {name: numpy.load(f"{folder}/{place}.npy") for place, name in enumerate(names)}
    start, runs = time.perf_counter(), 0
    while runs < 2 or time.perf_counter() - start < 0.1:
        session.run(None, feeds)
        runs += 1
    times = []
    while not times or sum(times) < 0.2 and len(times) < 50:
        start = time.perf_counter()
        session.run(None, feeds)
        times.append(time.perf_counter() - start)
    print(statistics.median(times))
    """
}
