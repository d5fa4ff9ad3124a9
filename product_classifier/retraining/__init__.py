"""Training of retrain.py: fine-tuning, distillation and the classic softmax head."""
