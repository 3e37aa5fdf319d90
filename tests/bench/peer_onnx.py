"""ONNX Runtime's side: the prediction of one sample, its arrays bound once; side.py says what goes in and out.

    python3 peer_onnx.py perceptron|colour|grey|regions THREADS"""
import sys

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from side import SHAPE, data, serve, weights

workload, threads = sys.argv[1], int(sys.argv[2])
nodes, values, moving, last = [], [], [], "x"


def node(kind, *more, **attributes):
    global last
    nodes.append(helper.make_node(kind, [last, *more], [f"y{len(nodes)}"], **attributes))
    last = f"y{len(nodes) - 1}"


def value(array, among=values):
    among.append(numpy_helper.from_array(array, f"{'w' if among is values else 'm'}{len(among)}"))
    return among[-1].name


def parameters(*shape, out=None):
    return value(weights(shape, len(values))), value(np.zeros(out or shape[0], np.float32))


def dense(out, fan):
    node("Gemm", *parameters(out, fan), transB=1)


def window(out, channels, pad):
    node("Conv", *parameters(out, channels, 5, 5), pads=[pad]*4)
    node("Relu")
    node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])


def double(channels, out):
    ones, zeros = np.ones(out, np.float32), np.zeros(out, np.float32)
    for c in (channels, out):
        node("Conv", value(weights((out, c, 3, 3), len(values))), pads=[1]*4)
        node("BatchNormalization", value(ones), value(zeros), value(zeros, moving), value(ones, moving))
        node("Relu")


def level(channels, out, *below):
    """A level of the U-Net, and all that lies below it."""
    global last
    double(channels, out)
    if below:
        across = last
        node("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
        level(out, *below)
        node("ConvTranspose", *parameters(below[0], out, 2, 2, out=out), strides=[2, 2])
        up, last = last, across
        node("Concat", up, axis=1)
        double(2*out, out)


if workload == "perceptron":
    widths = [784, 128, 10]
elif workload == "regions":
    widths = []
    level(1, 16, 32, 64)
    node("Conv", *parameters(1, 16, 1, 1))
    node("Sigmoid")
else:
    widths = [400, 120, 84, 10]
    window(6, SHAPE[workload][0], 2 if workload == "grey" else 0)
    window(16, 6, 0)
    node("Flatten")
for fan, out in zip(widths, widths[1:]):
    dense(out, fan)
    if out != 10:
        node("Relu")

x = data(workload)[0][:1]
z = np.zeros(x.shape if workload == "regions" else (1, 10), np.float32)
graph = helper.make_graph(nodes, workload, [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
                          [helper.make_tensor_value_info(last, TensorProto.FLOAT, z.shape)], values + moving)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
bound = session.io_binding()
bound.bind_cpu_input("x", x)
bound.bind_output(last, "cpu", 0, np.float32, z.shape, z.ctypes.data)


def step():
    session.run_with_iobinding(bound)


step()
serve(float((z.ravel().astype(np.float64)*np.arange(1, z.size + 1)).sum()), step)
