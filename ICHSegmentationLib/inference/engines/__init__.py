"""What runs a network: PyTorch, frozen TorchScript, OpenVINO or ONNX Runtime, all behind one interface.

Only ``torch_network`` and ``conversion`` import torch at once; the others convert a network with their help,
keep the converted file in the user's cache folder, and need no torch from then on (TorchScript: no MONAI).
"""
