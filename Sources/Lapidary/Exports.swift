// The library's public surface: one import gives models, files, sessions, passes and reports.
@_exported public import Execution
@_exported public import Gradients
@_exported public import IR
@_exported public import OneDNN
@_exported public import Reports
@_exported public import ONNXFile
@_exported public import Passes
@_exported public import Samples
