"""What retrain.py trains: fine-tuning, distillation and the classic softmax head."""
