// libonnx has a C++ interface only; COnnxChecker includes its headers. This target links it.
