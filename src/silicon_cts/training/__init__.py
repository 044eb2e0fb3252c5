"""How does a PyTorch training step become one program that an inference runtime can run?

    import silicon_cts.training
    step = silicon_cts.training.export_step(model, loss, optimizer, (x, y))
    trainer = step.on("coreai")
    for x, y in batches:
        loss = trainer(x, y)
    model.load_state_dict(trainer.state_dict())

``export_step`` traces forward, loss, backward and the optimizer's update into one graph of forward operators, without
state of its own: parameters, buffers and the optimizer's state go in and come out. ``Step.on`` runs it on a backend.
"""

from silicon_cts.training.errors import StepError
from silicon_cts.training.export import export_step
from silicon_cts.training.step import Step
from silicon_cts.training.trainer import Trainer

__all__ = ["Step", "StepError", "Trainer", "export_step"]
