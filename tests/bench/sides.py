"""The sides of the benchmark: what they are, how they are built, and how one of them is run.

A side is a program that takes 20 steps, says what came out, and then times itself for each line that it is sent (side.h). Here
it is started on the cores that it may use, and stopped (SIGSTOP) whenever it is not its turn: all sides stay loaded, none of
their threads spins beside another's turn, and a round over all of them takes little more than the seconds that are timed.

What is not installed is no error: `Sides.absent` says what is left out, and why. Nothing is downloaded here."""
import array
import collections
import gzip
import os
import random
import re
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CACHE = Path.home()/".cache/nnc-bench"
FLAGS = ["-std=gnu11", "-O2", "-march=native"]

# The dense multiply-adds of a step (forward, data and weight gradients), in MFLOP, two for each.
WORKLOADS = {"line": 0.0004, "perceptron": 26.2, "colour": 205.2, "colour_of_four": 12.8, "grey": 144.9, "residual": 15616,
             "regions": 9506, "sentences": 6757, "letters": 3971, "gpt": 11377, "large": 191557}
OF_MODEL = {"large": ("gpt", {"V": 50257, "width": 768, "heads": 12, "layers": 12, "context": 64, "samples": 4}),
            "translated": ("sentences", {"most": 48})}       # the others have their own
PRODUCT = 2*768**3/1e6     # of product.c
TRANSLATED = ("as drawn", "of like length")     # batches of real sentences
BUILT_WITH = {"perceptron": ["-DPREDICT"], "colour": ["-DPREDICT"], "grey": ["-DPREDICT"], "regions": ["-DPREDICT", "-DSTATE"],
              "sentences": ["-DSENTENCES"], "large": ["-DSTEPS=4"], "translated": ["-DSENTENCES"]}
PREDICTED = tuple(w for w, flags in BUILT_WITH.items() if "-DPREDICT" in flags)
BY_KANN = ("line", "perceptron", "colour", "colour_of_four", "grey", "letters")
BY_LLMC = ("gpt", "large")
BY_DARKNET = ("perceptron", "colour", "colour_of_four", "grey")
BY_HAND = {"line": "p1", "perceptron": "p2", "colour": "p3full2"}


def run(command, **more):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True, **more).stdout


def why(error):
    """The last line that a failed program said."""
    said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
    return said[-1] if said else "failed"


class Side:
    """One program at a time: start() gives its check, measure() microseconds a step, stop() its peak memory in KiB."""
    PATIENCE = 900

    def __init__(self, label, command, cpus, environment=None):
        self.label, self.command, self.cpus = label, [str(c) for c in command], cpus
        self.environment, self.process = {**os.environ, **(environment or {})}, None

    def start(self):
        self.complaints = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.complaints, text=True, bufsize=1,
                                        env=self.environment, preexec_fn=lambda: os.sched_setaffinity(0, self.cpus))
        check = self.answer("check")
        self.process.send_signal(signal.SIGSTOP)
        return check

    def answer(self, word):
        if not select.select([self.process.stdout], [], [], self.PATIENCE)[0]:
            raise RuntimeError(f"says nothing in {self.PATIENCE} seconds")
        said = self.process.stdout.readline().split()
        if len(said) != 2 or said[0] != word:
            self.end()
            self.complaints.seek(0)
            lines = [line for line in self.complaints.read().splitlines() if line.strip()]
            raise RuntimeError(lines[-1] if lines else "stopped without a word")
        return float(said[1])

    def measure(self, seconds):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write(f"{seconds}\n")
        us = self.answer("us")
        self.process.send_signal(signal.SIGSTOP)
        return us

    def stop(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.close()
        rss = self.answer("rss")
        self.process.wait(self.PATIENCE)
        return rss

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class ByHand:
    """A hand-written program: it checks its gradient by itself, times several ways, and prints a line for each. The figure is
    the fastest way that is right and does the same work on these threads. Its memory is not looked at."""
    label = "by hand"

    def __init__(self, programs, threads, cpus):
        self.programs, self.threads, self.cpus, self.way = programs, threads, cpus, ""

    def start(self):
        self.measure(0)

    def ways(self, program):
        """Reads lines only as far as the ways on one thread go: those on two would wait for each other on one core."""
        two = ["2"] if self.threads == 2 and program.name.startswith("p2") else []
        process = subprocess.Popen(["stdbuf", "-oL", str(program), *two], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                   env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}, preexec_fn=lambda: os.sched_setaffinity(0, self.cpus))
        for line in process.stdout:
            if self.threads == 1 and ("2t" in line or "part" in line):
                process.kill()
            elif self.threads == 1 or "2t" in line:
                found = re.match(r"\s*(.*?)\s+(?:min\s+[\d.]+ us med\s+)?([\d.]+) (us|ns/step)\b", line)
                wrong = re.search(r"(?:dgrad|diff) ([-+.\de]+|nan)", line)
                if found and wrong and float(wrong[1]) < 1e-5 and "statistics" not in line:
                    yield float(found[2])*(1e-3 if found[3] == "ns/step" else 1), f"{found[1]}, {program.name.rsplit('-')[-1]}"
        process.wait()

    def measure(self, seconds):
        ways = [way for program in self.programs for way in self.ways(program)]
        if not ways:
            raise RuntimeError("no way of it is right here")
        us, self.way = min(ways)
        return us

    def stop(self):
        return None

    def end(self):
        pass


class Saying:
    """nnc's program of models/gpt.nn, as one would use it: text is what it has said for as many letters as it sees at once, always the
    likeliest next. A figure is for the whole text, from what it takes and what its first letter takes, so that the start falls out."""
    LETTERS, CONTEXT = "\n" + "".join(chr(33 + k) for k in range(64)), 128

    def __init__(self, label, program, weights, threads, cpus):
        self.label, self.cpus = label, cpus
        self.command = [program, "sample", "--weights", weights, "--prompt", "\n", "--temperature", 0, "--threads", threads, "--length"]

    def said(self, length):
        begin = time.perf_counter()
        text = run([*self.command, length], preexec_fn=lambda: os.sched_setaffinity(0, self.cpus))
        return time.perf_counter() - begin, text[:self.CONTEXT]

    def start(self):
        return sum((k + 1)*self.LETTERS.index(c) for k, c in enumerate(self.said(self.CONTEXT - 1)[1]))

    def measure(self, seconds):
        times, start = [], time.perf_counter()
        while not times or time.perf_counter() - start < seconds:
            times.append(self.said(self.CONTEXT - 1)[0] - self.said(1)[0])
        return statistics.median(times)*1e6*(self.CONTEXT - 1)/(self.CONTEXT - 2)

    def stop(self):
        return None

    def end(self):
        pass


class Sides:
    """All that there is on this machine, built in the folder `work`."""

    def __init__(self, nnc, work, only, kann, darknet, llmc, reference, sentences):
        self.nnc, self.work, self.absent, self.versions = nnc, work, {}, {}
        self.compilers = [c for c in ("gcc", "clang") if shutil.which(c)]
        for c in ("gcc", "clang"):
            if c in self.compilers:
                self.versions[c] = run([c, "--version"]).splitlines()[0]
            else:
                self.absent[f"nnc by {c}"] = "not installed"
        self.threaded = (ROOT/"runtime/nn_team.h").exists()
        for workload in only:
            self.build_workload(workload)
        run([self.compilers[0], *FLAGS, HERE/"peak.c", "-o", work/"peak"])
        self.sgemm = self.build_peer("OpenBLAS", HERE, "product.c", [HERE/"product.c", "-lopenblas"], "of the system")
        for peer, module in (("PyTorch", "torch"), ("JAX", "jax"), ("ONNX Runtime", "onnxruntime, onnx")):
            try:
                self.versions[peer] = run([sys.executable, "-c", f"import {module}; print({module.split(',')[0]}.__version__)"]).strip()
            except subprocess.CalledProcessError:
                self.absent[peer] = f"{Path(sys.executable).name} has no {module}"
        self.kann = self.build_kann(kann)
        self.darknet = self.build_darknet(darknet)
        self.llmc = self.build_peer("llm.c", llmc, "train_gpt2.c", ["-Ofast", "-fopenmp", f"-I{llmc}", HERE/"peer_llmc.c"])
        self.weights = self.build_saying() if "gpt" in only else None
        self.batches = self.build_translated(Path(sentences)) if sentences else {}
        self.by_hand = self.build_by_hand(reference, [BY_HAND[w] for w in only if w in BY_HAND])

    def build_workload(self, workload):
        run(self.nnc_of(workload, self.work/f"{workload}.c"))
        for c in self.compilers:
            run(self.program_of(workload, c, self.work/f"{workload}.c", self.work/f"{workload}-{c}"))

    def nnc_of(self, workload, source):
        """The command that makes a workload's C file."""
        model, settings = OF_MODEL.get(workload, (workload, {}))
        return [self.nnc, f"--model={model}", f"--prefix={workload}", *(f"-D{name}={value}" for name, value in settings.items()),
                HERE/"workloads.nn", "-o", source]

    def program_of(self, workload, compiler, source, program):
        """The command that makes a program of a workload's C file."""
        more = BUILT_WITH.get(workload, [])
        link = ["-lopenblas"] if "cblas.h" in Path(source).read_text() else []
        if self.threaded:
            more, link = [*more, "-DTHREADS"], [self.nnc.parent/"libnnrt.a", *link]
        return [compiler, *FLAGS, *more, f"-DMODEL={workload}", f'-DHEADER="{workload}.h"', f"-I{ROOT/'runtime'}", f"-I{Path(source).parent}",
                HERE/"work.c", source, *link, "-lm", "-lpthread", "-o", program]

    def build_peer(self, name, folder, wanted, command, version="from source"):
        if not (folder/wanted).exists():
            self.absent[name] = f"no {wanted} where --{name.lower().replace('.', '')} says"
            return None
        program = self.work/f"peer_{name}"
        try:
            run([self.compilers[0], "-march=native", "-w", *command, "-lm", "-lpthread", "-o", program])
        except subprocess.CalledProcessError as error:
            self.absent[name] = f"does not build: {why(error)}"
            return None
        self.versions[name] = version
        return program

    def build_kann(self, folder):
        return self.build_peer("KANN", folder, "kann.h", ["-O3", "-ffast-math", "-DHAVE_CBLAS", "-DHAVE_PTHREAD", f"-I{folder}", HERE/"peer_kann.c",
                               folder/"kann.c", folder/"kautodiff.c", "-lopenblas"])

    def build_darknet(self, folder):
        sources = [s for s in sorted(folder.glob("src/*.c")) if s.name != "compare.c"]      # which its own Makefile leaves out too
        return self.build_peer("darknet", folder, "include/darknet.h", ["-Ofast", "-fopenmp", f"-I{folder}/include", f"-I{folder}/src", HERE/"peer_darknet.c",
                               *sources])

    def build_saying(self):
        """The programs of models/gpt.nn, and weights from one of them after a step on letters at random."""
        letters, weights = self.work/"letters.txt", self.work/"says.safetensors"
        letters.write_text("".join(random.Random(1).choices(Saying.LETTERS, k=20000)))
        run([self.nnc, ROOT/"models/gpt.nn", "-o", self.work/"says.c"])
        for c in self.compilers:
            run([c, *FLAGS, "-DNN_MAIN", f"-I{ROOT/'runtime'}", self.work/"says.c", self.nnc.parent/"libnnrt.a", "-lpng", "-ljpeg", "-lz", "-lm", "-lpthread",
                 "-o", self.work/f"says-{c}"])
        text = f"text={letters}:chars"
        run([self.work/f"says-{self.compilers[0]}", "train", "--train", text, "--test", text, "--steps", 1, "--save", weights, "--quiet"])
        return weights

    def build_translated(self, folder, most=48, vocabulary=4000, batch=32):
        """Of real sentences, 3200 at random, a batch of the first ones and one of like length, as the trainer takes them: for each a file and the
        lengths of its longest."""
        self.build_workload("translated")
        texts = [[re.findall(r"\w+|[^\w\s]", line.lower()) for line in gzip.open(folder/f"train.{l}.gz", "rt", encoding="utf-8")] for l in ("en", "de")]
        chosen = random.Random(1).sample(range(len(texts[0])), 100*batch)
        rows = []
        for text in texts:
            rank = {w: k + 3 for k, (w, _) in enumerate(collections.Counter(w for line in text for w in line).most_common(vocabulary - 3))}
            rows.append([[rank.get(w, 2) for w in text[i][:most - 1]] + [1] for i in chosen])
        order = sorted(range(len(chosen)), key=lambda i: (len(rows[1][i]), len(rows[0][i])))
        found = {}
        for name, these in zip(TRANSLATED, (range(batch), order[50*batch:51*batch])):
            words = array.array("i", (w for side in rows for i in these for w in side[i] + [0]*(most - len(side[i]))))
            file = self.work/f"{name.split()[-1]}.words"
            file.write_bytes(words.tobytes())
            found[name] = (file, *(max(len(side[i]) for i in these) for side in rows))
        return found

    def build_by_hand(self, folder, wanted):
        """The programs are written for 16 lanes. Two builtins that not every compiler and machine has are spelled out for those that
        have not, so that the programs run here too, though not as they were meant."""
        found = {}
        if not wanted:
            return found
        if not (folder/"p1.c").exists():
            self.absent["by hand"] = "no p1.c where --reference says"
            return found
        each = "for(int i_=0;i_<VW;i_++)"
        root = f"-D__builtin_ia32_sqrtps512_mask(x,z,m,r)=({{v q_=(x),s_;{each}s_[i_]=__builtin_sqrtf(q_[i_]);s_;}})"
        shuffle = f"-D__builtin_shuffle(a,b,m)=({{v a_=(a),b_=(b),s_;vi m_=(m);{each}s_[i_]=m_[i_]<VW?a_[m_[i_]]:b_[m_[i_]-VW];s_;}})"
        wide = " avx512f " in Path("/proc/cpuinfo").read_text()
        for name in wanted:
            for c in self.compilers:
                spelled = ([] if wide else [root]) + ([] if c == "gcc" else [shuffle])
                try:
                    run([c, "-O3", "-march=native", "-fno-math-errno", "-w", "-Wno-psabi", *(spelled if name == "p3full2" else []), f"-I{folder}",
                         folder/f"{name}.c", "-lopenblas", "-lm", "-lpthread", "-o", self.work/f"{name}-{c}"])
                except subprocess.CalledProcessError as error:
                    self.absent[f"by hand, {name}, {c}"] = f"does not build: {why(error)}"
                else:
                    found.setdefault(name, []).append(self.work/f"{name}-{c}")
        return found

    def train(self, workload, threads):
        """The sides of a workload, nnc first."""
        cpus = sorted(os.sched_getaffinity(0))[:threads]
        one = {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": "1"}
        blas = {**one, "OPENBLAS_NUM_THREADS": str(threads)}
        found = [Side(f"nnc by {c}", [self.work/f"{workload}-{c}", "train", threads], cpus, one if self.threaded else blas) for c in self.compilers]
        if "PyTorch" in self.versions:
            found += [Side(f"PyTorch {mode}", [sys.executable, HERE/"peer_torch.py", workload, mode, threads], cpus, blas) for mode in ("eager", "compile")]
        if "JAX" in self.versions:
            found.append(Side("JAX jit", [sys.executable, HERE/"peer_jax.py", workload, threads], cpus, one))
        if self.kann and workload in BY_KANN:
            found.append(Side("KANN", [self.kann, workload, threads], cpus, one))
        if self.darknet and workload in BY_DARKNET:
            found.append(Side("darknet", [self.darknet, workload, threads], cpus, one))
        if self.llmc and workload in BY_LLMC:
            found.append(Side("llm.c", [self.llmc, workload], cpus, one))
        if BY_HAND.get(workload) in self.by_hand and not (threads > 1 and workload == "line"):
            found.append(ByHand(self.by_hand[BY_HAND[workload]], threads, cpus))
        return found

    def predict(self, workload, threads):
        cpus = sorted(os.sched_getaffinity(0))[:threads]
        found = [Side(f"nnc by {c}", [self.work/f"{workload}-{c}", "predict", threads], cpus) for c in self.compilers]
        if "ONNX Runtime" in self.versions:
            found.append(Side("ONNX Runtime", [sys.executable, HERE/"peer_onnx.py", workload, threads], cpus))
        return found

    def translate(self, batch, threads):
        """A step on real sentences, cut behind the longest and padded to the full length."""
        cpus, (file, *lengths) = sorted(os.sched_getaffinity(0))[:threads], self.batches[batch]
        programs = [(f"nnc by {c}", [self.work/f"translated-{c}", "train", threads]) for c in self.compilers]
        if "PyTorch" in self.versions:
            programs.append(("PyTorch eager", [sys.executable, HERE/"peer_torch.py", "sentences", "eager", threads]))
        return [Side(f"{label}, {s}+{t}", [*command, file, s, t], cpus) for label, command in programs for s, t in (lengths, (48, 48))]

    def sample(self, workload, threads):
        cpus = sorted(os.sched_getaffinity(0))[:threads]
        found = [Saying(f"nnc by {c}", self.work/f"says-{c}", self.weights, threads, cpus) for c in self.compilers]
        if "PyTorch" in self.versions:
            found += [Side(f"PyTorch {way}", [sys.executable, HERE/"peer_torch_sample.py", self.weights, way, threads], cpus) for way in ("cache", "anew")]
        return found

    def product(self, threads):
        """OpenBLAS, multiplying."""
        return Side("OpenBLAS", [self.sgemm], sorted(os.sched_getaffinity(0))[:threads], {"OPENBLAS_NUM_THREADS": str(threads)})

    def peak(self, threads):
        """GFLOP/s of so many cores at once."""
        running = [subprocess.Popen([self.work/"peak"], stdout=subprocess.PIPE, text=True, preexec_fn=lambda c=c: os.sched_setaffinity(0, [c]))
                   for c in sorted(os.sched_getaffinity(0))[:threads]]
        return sum(float(p.communicate()[0].split()[1]) for p in running)
