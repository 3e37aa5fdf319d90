"""ONNX Runtime's side: the prediction of one sample, its arrays bound once; side.py says what goes in and out.

    python3 peer_onnx.py perceptron|colour|grey THREADS"""
import sys

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from side import SHAPE, data, serve, weights

workload, threads = sys.argv[1], int(sys.argv[2])
nodes, values, last = [], [], "x"


def node(kind, *more, **attributes):
    global last
    nodes.append(helper.make_node(kind, [last, *more], [f"y{len(nodes)}"], **attributes))
    last = f"y{len(nodes) - 1}"


def value(array):
    values.append(numpy_helper.from_array(array, f"w{len(values)}"))
    return values[-1].name


def parameters(*shape):
    return value(weights(shape, len(values))), value(np.zeros(shape[0], np.float32))


def dense(out, fan):
    node("Gemm", *parameters(out, fan), transB=1)


def window(out, channels, pad):
    node("Conv", *parameters(out, channels, 5, 5), pads=[pad]*4)
    node("Relu")
    node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])


if workload == "perceptron":
    widths = [784, 128, 10]
else:
    window(6, SHAPE[workload][0], 2 if workload == "grey" else 0)
    window(16, 6, 0)
    node("Flatten")
    widths = [400, 120, 84, 10]
for fan, out in zip(widths, widths[1:]):
    dense(out, fan)
    if out != 10:
        node("Relu")

x = data(workload)[0][:1]
graph = helper.make_graph(nodes, workload, [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
                          [helper.make_tensor_value_info(last, TensorProto.FLOAT, [1, 10])], values)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
z = np.zeros((1, 10), np.float32)
bound = session.io_binding()
bound.bind_cpu_input("x", x)
bound.bind_output(last, "cpu", 0, np.float32, z.shape, z.ctypes.data)


def step():
    session.run_with_iobinding(bound)


step()
serve(float((z[0].astype(np.float64)*np.arange(1, 11)).sum()), step)
