"""The benchmark's models as PyTorch modules, loaded from the same files of random weights, with the inputs and output names of the
app's graphs, and Kiln Small, whose weights are no random ones. Dimensions mirror src/models/synthetic/synthetic-models.ts; loading
fails where they do not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint, convert_ldm_vae_checkpoint
from safetensors import safe_open
from transformers import CLIPTextConfig, CLIPTextModelWithProjection
from torch import Tensor, nn

Tensors = dict[str, Tensor]
TOKENS = 77
GUIDED_BATCH = 2


@dataclass(frozen=True)
class Text:
    prefix: str
    layout: str
    width: int
    layers: int
    activation: str
    pooled: bool = False
    # Of the last layers, by the family's conditioning; a pooling encoder runs them all.
    left_out: int = 0
    normed: bool = True


@dataclass(frozen=True)
class Model:
    pixels: int
    text: tuple[Text, ...]
    channels: tuple[int, ...]
    depths: tuple[int, ...]
    heads: tuple[int, ...]
    context: int
    linear: bool
    vae: tuple[int, ...]
    class_width: int | None = None
    latent_scale: float = 0.18215
    # Residual blocks of a level.
    blocks: int = 2


SD1_PREFIX = "cond_stage_model.transformer.text_model."
SD2_PREFIX = "cond_stage_model.model."
XL_PREFIXES = ("conditioner.embedders.0.transformer.text_model.", "conditioner.embedders.1.model.")
FULL_VAE, SMALL_VAE = (128, 256, 512, 512), (32, 32, 64, 64)

CHECKPOINTS: dict[str, dict[str, Model]] = {
    "full": {
        "sd-1.5": Model(512, (Text(SD1_PREFIX, "clip", 768, 12, "quick_gelu"),), (320, 640, 1280, 1280),
                        (1, 1, 1, 0), (8, 8, 8, 8), 768, False, FULL_VAE),
        "sd-2.1-base": Model(512, (Text(SD2_PREFIX, "open-clip", 1024, 24, "gelu", left_out=1),), (320, 640, 1280, 1280),
                             (1, 1, 1, 0), (5, 10, 20, 20), 1024, True, FULL_VAE),
        "sdxl": Model(1024, (Text(XL_PREFIXES[0], "clip", 768, 12, "quick_gelu", left_out=1, normed=False),
                             Text(XL_PREFIXES[1], "open-clip", 1280, 32, "gelu", pooled=True)),
                      (320, 640, 1280), (0, 2, 10), (5, 10, 20), 2048, True, FULL_VAE, 2816, 0.13025),
    },
    "small": {
        "sd-1.5": Model(128, (Text(SD1_PREFIX, "clip", 64, 2, "quick_gelu"),), (32, 64, 128, 128),
                        (1, 1, 1, 0), (8, 8, 8, 8), 64, False, SMALL_VAE),
        "sd-2.1-base": Model(128, (Text(SD2_PREFIX, "open-clip", 64, 2, "gelu", left_out=1),), (64, 128, 256, 256),
                             (1, 1, 1, 0), (1, 2, 4, 4), 64, True, SMALL_VAE),
        "sdxl": Model(128, (Text(XL_PREFIXES[0], "clip", 64, 2, "quick_gelu", left_out=1, normed=False),
                            Text(XL_PREFIXES[1], "open-clip", 64, 2, "gelu", pooled=True)),
                      (64, 128, 256), (0, 1, 2), (1, 2, 4), 128, True, SMALL_VAE, 160, 0.13025),
    },
}
UPSCALER = "rrdbnet-x4"
UPSCALER_PIXELS = {"full": 256, "small": 16}
MODELS = (*CHECKPOINTS["full"], UPSCALER)
KILN = "kiln-small"
KILN_SMALL = Model(256, (Text(SD1_PREFIX, "clip", 192, 3, "quick_gelu"),), (64, 128, 128, 128), (0, 1, 1, 1), (8, 8, 8, 8), 192,
                   False, (64, 64, 64, 128), blocks=1)
PUBLISHED = Path(__file__).resolve().parents[2] / "public" / "models"


def model_of(name: str, size: str) -> Model:
    return KILN_SMALL if name == KILN else CHECKPOINTS[size][name]


def file_of(name: str, size: str, weights: Path) -> Path:
    return PUBLISHED / KILN / f"{KILN}.safetensors" if name == KILN else weights / f"{name}-{size}.safetensors"



@dataclass(frozen=True)
class Component:
    model: str
    component: str
    shape: str
    inputs: dict[str, Tensor]
    outputs: tuple[str, ...]
    load: Callable[[], nn.Module]


class InFloat32(nn.Module):
    """float32 in and out as the app's graphs have it, whatever the network computes in."""

    def __init__(self, network: Callable[..., tuple[Tensor, ...]], module: nn.Module) -> None:
        super().__init__()
        self.module = module
        self.network = network

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        dtype = next(self.module.parameters()).dtype
        cast = [x.to(dtype) if x.is_floating_point() else x for x in inputs]
        return tuple(y.float() for y in self.network(self.module, *cast))


def marks(name: str) -> tuple[int, int]:
    """Ids of a prompt's start and end."""
    return (2183, 2184) if name == KILN else (49406, 49407)


def components(name: str, size: str, weights: Path) -> Iterator[Component]:
    file = file_of(name, size, weights)
    generator = torch.Generator().manual_seed(42)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    if name == UPSCALER:
        side = UPSCALER_PIXELS[size]
        pixels = {"pixels": torch.rand((1, 3, side, side), generator=generator)}
        yield Component(name, "upscaler", f"{side}x{side} tile", pixels, ("upscaled",), lambda: load_upscaler(file))
        return
    model = model_of(name, size)
    side, latents = model.pixels, model.pixels // 8
    for index, text in enumerate(model.text):
        start, end = marks(name)
        ids = torch.full((1, TOKENS), end, dtype=torch.int32)
        ids[0, 0] = start
        ids[0, 1:9] = 320 + 37 * torch.arange(1, 9, dtype=torch.int32)
        label = f"text encoder {index + 1}" if len(model.text) > 1 else "text encoder"
        outputs = ("hidden", "pooled") if text.pooled else ("hidden",)
        yield Component(name, label, f"{TOKENS} tokens", {"input_ids": ids}, outputs, lambda text=text: load_text(file, text))
    inputs = {
        "latents": normal(GUIDED_BATCH, 4, latents, latents),
        "timestep": torch.tensor([500.0]),
        "context": normal(GUIDED_BATCH, TOKENS, model.context),
    }
    if model.class_width:
        inputs["y"] = normal(GUIDED_BATCH, model.class_width)
    shape = f"batch {GUIDED_BATCH}, {latents}x{latents} latents"
    yield Component(name, "unet", shape, inputs, ("output",), lambda: load_unet(file, model))
    pixels = {"pixels": normal(1, 3, side, side).clamp(-1, 1)}
    yield Component(name, "vae encoder", f"{side}x{side}", pixels, ("moments",), lambda: load_vae(file, model, encode))
    inputs = {"latents": normal(1, 4, latents, latents)}
    run = decoder(model.latent_scale)
    yield Component(name, "vae decoder", f"{side}x{side}", inputs, ("pixels",), lambda: load_vae(file, model, run))


def read(file: Path, prefix: str) -> Tensors:
    """Tensors below a prefix, in float32 and without it."""
    with safe_open(str(file), "pt") as opened:
        # position_ids are no weights.
        keys = [key for key in opened.keys() if key.startswith(prefix) and not key.endswith("position_ids")]
        return {key[len(prefix):]: opened.get_tensor(key).float() for key in keys}


def load_unet(file: Path, model: Model) -> nn.Module:
    down = ["CrossAttnDownBlock2D" if depth else "DownBlock2D" for depth in model.depths]
    network = UNet2DConditionModel(
        block_out_channels=model.channels,
        down_block_types=tuple(down),
        up_block_types=tuple(kind.replace("Down", "Up") for kind in reversed(down)),
        layers_per_block=model.blocks,
        cross_attention_dim=model.context,
        attention_head_dim=model.heads,
        transformer_layers_per_block=[max(1, depth) for depth in model.depths],
        use_linear_projection=model.linear,
        # The class embedding comes in whole, as the app's graph takes it.
        class_embed_type="projection" if model.class_width else None,
        projection_class_embeddings_input_dim=model.class_width,
    )
    prefix = "model.diffusion_model."
    stored = {prefix + key: value for key, value in read(file, prefix).items()}
    settings = {**network.config, "addition_embed_type": None}
    network.load_state_dict(convert_ldm_unet_checkpoint(stored, settings))

    def run(unet: nn.Module, latents: Tensor, timestep: Tensor, context: Tensor, *y: Tensor) -> tuple[Tensor, ...]:
        return unet(latents, timestep, context, class_labels=y[0] if y else None, return_dict=False)

    return InFloat32(run, network)


def encode(vae: nn.Module, pixels: Tensor) -> tuple[Tensor, ...]:
    return (vae.quant_conv(vae.encoder(pixels)),)


def decoder(scale: float) -> Callable[..., tuple[Tensor, ...]]:
    return lambda vae, latents: (vae.decoder(vae.post_quant_conv(latents / scale)),)


def load_vae(file: Path, model: Model, run: Callable[..., tuple[Tensor, ...]]) -> nn.Module:
    network = AutoencoderKL(
        block_out_channels=model.vae,
        down_block_types=("DownEncoderBlock2D",) * len(model.vae),
        up_block_types=("UpDecoderBlock2D",) * len(model.vae),
        layers_per_block=model.blocks,
    )
    prefix = "first_stage_model."
    stored = {prefix + key: value for key, value in read(file, prefix).items()}
    network.load_state_dict(convert_ldm_vae_checkpoint(stored, network.config))
    return InFloat32(run, network)


def load_text(file: Path, text: Text) -> nn.Module:
    stored = read(file, text.prefix)
    layers = text.layers - text.left_out
    if text.layout == "open-clip":
        stored = from_open_clip(stored, text.width)
    left_out = tuple(f"encoder.layers.{index}." for index in range(layers, text.layers))
    stored = {key: value for key, value in stored.items() if not key.startswith(left_out)}
    vocabulary = len(stored["embeddings.token_embedding.weight"])
    config = CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=text.width,
        intermediate_size=4 * text.width,
        num_hidden_layers=layers,
        num_attention_heads=text.width // 64,
        hidden_act=text.activation,
        projection_dim=text.width,
        bos_token_id=vocabulary - 2,
        eos_token_id=vocabulary - 1,
        attn_implementation="sdpa",
    )
    network = CLIPTextModelWithProjection(config)
    projection = stored.pop("text_projection", None)
    state = {f"text_model.{key}": value for key, value in stored.items()}
    # A conditioning without the final norm has no use for its weights, and such files may lack them.
    for name, fill in (("weight", torch.ones), ("bias", torch.zeros)):
        state.setdefault(f"text_model.final_layer_norm.{name}", fill(text.width))
    state["text_projection.weight"] = torch.eye(text.width) if projection is None else projection.T.contiguous()
    missing, unexpected = network.load_state_dict(state, strict=False)
    if unexpected or [key for key in missing if not key.endswith("position_ids")]:
        raise ValueError(f"{file.name}: {missing} missing, {unexpected} left over")

    if not text.normed:
        network.text_model.final_layer_norm = nn.Identity()

    def run(encoder: nn.Module, ids: Tensor) -> tuple[Tensor, ...]:
        result = encoder(ids, output_hidden_states=True)
        # What the family conditions on; its pooled prompt comes from the last layer.
        return (result.hidden_states[-2], result.text_embeds) if text.pooled else (result.last_hidden_state,)

    return InFloat32(run, network)


OPEN_CLIP_NAMES = (
    ("transformer.resblocks.", "encoder.layers."),
    (".ln_1.", ".layer_norm1."),
    (".ln_2.", ".layer_norm2."),
    (".attn.", ".self_attn."),
    (".mlp.c_fc.", ".mlp.fc1."),
    (".mlp.c_proj.", ".mlp.fc2."),
    ("ln_final.", "final_layer_norm."),
    ("token_embedding.", "embeddings.token_embedding."),
    ("positional_embedding", "embeddings.position_embedding.weight"),
)


def from_open_clip(stored: Tensors, width: int) -> Tensors:
    """transformers' names; q, k and v apart."""
    renamed: Tensors = {}
    for key, value in stored.items():
        for theirs, ours in OPEN_CLIP_NAMES:
            key = key.replace(theirs, ours)
        if "in_proj_" not in key:
            renamed[key] = value
            continue
        for index, part in enumerate("qkv"):
            rows = value[index * width:(index + 1) * width]
            renamed[key.replace("in_proj_", f"{part}_proj.")] = rows.contiguous()
    return renamed


def load_upscaler(file: Path) -> nn.Module:
    """spandrel knows dense blocks of 32 channels only, so the small upscaler is a row that says so."""
    from spandrel import ModelLoader

    network = ModelLoader().load_from_state_dict(read(file, "")).model
    return InFloat32(lambda module, pixels: (module(pixels),), network)
