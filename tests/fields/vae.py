"""The model of models/vae.nn in PyTorch, on the same files: prints the ELBO of the test pictures after each epoch.

    python3 tests/fields/vae.py [DIRECTORY]     of Fashion-MNIST's four files; needs torch and numpy
"""
import gzip
import sys

import numpy as np
import torch
from torch import nn

DATA = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/datasets/fashion-mnist"
LATENT, HIDDEN, BATCH, EPOCHS = 16, 256, 128, 10


def pictures(name):
    raw = gzip.open(f"{DATA}/{name}-images-idx3-ubyte.gz").read()
    return torch.from_numpy(np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 784).astype(np.float32) / 255)


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(784, HIDDEN), nn.ReLU())
        self.centre, self.logvar = nn.Linear(HIDDEN, LATENT), nn.Linear(HIDDEN, LATENT)
        self.decode = nn.Sequential(nn.Linear(LATENT, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 784))

    def elbo(self, x):
        h = self.encode(x)
        centre, logvar = self.centre(h), self.logvar(h)
        logits = self.decode(centre + torch.exp(logvar / 2) * torch.randn_like(centre))
        cost = nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
        return -(cost + 0.5 * (logvar.exp() + centre**2 - 1 - logvar).sum(1))


torch.manual_seed(1)
torch.set_num_threads(1)
train, test = pictures("train"), pictures("t10k")
model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
for epoch in range(EPOCHS):
    for x in train[torch.randperm(len(train))].split(BATCH):
        optimizer.zero_grad()
        (-model.elbo(x).mean()).backward()
        optimizer.step()
    with torch.no_grad():
        print(f"epoch {epoch + 1}  test elbo {torch.cat([model.elbo(x) for x in test.split(BATCH)]).mean():.3f}", flush=True)
