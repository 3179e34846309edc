"""The builtin feature extractors and the vectors that they make. Pure data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

E5 = "multilingual_e5_large_instruct_v1"
GEMINI = "gemini-embedding-2"

# Sizes of the models that a text extractor may be registered with.
EMBEDDING_MODEL_SIZES: Mapping[str, int] = {
    E5: 1024,
    "vertex_multimodal_embedding": 1408,
    GEMINI: 3072,
    "google_siglip_base_v1": 768,
    "face_identity_arcface_r100_v1": 512,
    "laion_clip_vit_l_14_v1": 768,
    "google_siglip_so400m_v1": 1152,
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "all_minilm_l6_v2_v1": 384,
}


@dataclass(frozen=True, slots=True)
class VectorIndex:
    """A named vector: storage name, size, distance in lower case, inference service.

    `inference` is None if the service is unknown; then the vector is not mapped to one.
    """

    name: str
    size: int
    distance: str
    inference: str | None


@dataclass(frozen=True, slots=True)
class Extractor:
    """A builtin feature extractor.

    `defaults` are its parameters, which are locked once it is registered. `sized_by`
    maps a parameter to the vector size for each of its values; the sizes apply to the
    vectors in `resized`.
    """

    name: str
    version: str
    description: str
    inputs: tuple[str, ...]
    category: str
    vectors: tuple[VectorIndex, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    sized_by: Mapping[str, Mapping[Any, int]] = field(default_factory=dict)
    resized: tuple[str, ...] = ()
    required_payload_indexes: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        """The id in the API: `name_version`."""
        return f"{self.name}_{self.version}"

    def vectors_for(self, params: Mapping[str, Any]) -> tuple[VectorIndex, ...]:
        """Return the vectors with their sizes for these parameters.

        A stored value may be unknown; vectors whose size depends on it are left out.
        """
        vectors = self.vectors
        if self.unknown_sizes(params):
            return tuple(v for v in vectors if v.name not in self.resized)
        for parameter, sizes in self.sized_by.items():
            value = params.get(parameter, self.defaults.get(parameter))
            size = sizes[value]
            vectors = tuple(
                VectorIndex(v.name, size, v.distance, _service(parameter, value, v))
                if v.name in self.resized
                else v
                for v in vectors
            )
        return vectors

    def unknown_sizes(self, params: Mapping[str, Any]) -> list[str]:
        """Return the parameters among these whose value has no vector size."""
        return [
            parameter
            for parameter, sizes in self.sized_by.items()
            if parameter in params
            and not (
                isinstance(params[parameter], str | int | float)
                and params[parameter] in sizes
            )
        ]


def _service(parameter: str, value: object, vector: VectorIndex) -> str | None:
    return str(value) if parameter == "embedding_model" else vector.inference


def _dense(name: str, size: int, inference: str | None) -> VectorIndex:
    return VectorIndex(name, size, "cosine", inference)


_E5_NAME = "intfloat__multilingual_e5_large_instruct"
_JINA_NAME = "jinaai__jina_embeddings_v2_base_code"
_SIGLIP_NAME = "google__siglip_base_patch16_224"
_DINO_NAME = "facebook__dinov2_base"
ANY_SIZE = {size: size for size in range(256, 3073)}

EXTRACTORS: tuple[Extractor, ...] = (
    Extractor(
        name="text_extractor",
        version="v1",
        description="Dense embeddings of text passages in many languages.",
        inputs=("text", "string"),
        category="text",
        vectors=(_dense("text_extractor_v1_embedding", 1024, E5),),
        defaults={"embedding_model": E5},
        sized_by={"embedding_model": EMBEDDING_MODEL_SIZES},
        resized=("text_extractor_v1_embedding",),
    ),
    Extractor(
        name="image_extractor",
        version="v1",
        description="Embeddings of still images and of page images of PDFs.",
        inputs=("image", "pdf"),
        category="image",
        vectors=(_dense("image_extractor_v1_embedding", 768, "google_siglip_base_v1"),),
        defaults={"model": "siglip_base"},
        sized_by={"model": {"siglip_base": 768}},
        resized=("image_extractor_v1_embedding",),
    ),
    Extractor(
        name="multimodal_extractor",
        version="v1",
        description="One space for video, images, audio and text, and its transcript.",
        inputs=("video", "image", "audio", "text", "gif"),
        category="multimodal",
        vectors=(
            _dense(
                "multimodal_extractor_v1_multimodal_embedding",
                1408,
                "vertex_multimodal_embedding",
            ),
            _dense("multimodal_extractor_v1_transcription_embedding", 1024, E5),
        ),
    ),
    Extractor(
        name="multimodal_extractor",
        version="v2",
        description="The second generation, with a choice of vector size.",
        inputs=("video", "image", "audio", "text", "gif"),
        category="multimodal",
        vectors=(
            _dense("multimodal_extractor_v2_multimodal_embedding", 3072, GEMINI),
            _dense("multimodal_extractor_v2_transcription_embedding", 1024, E5),
        ),
        defaults={"output_dimensionality": 3072},
        sized_by={"output_dimensionality": {3072: 3072, 1536: 1536, 768: 768}},
        resized=("multimodal_extractor_v2_multimodal_embedding",),
    ),
    Extractor(
        name="face_identity_extractor",
        version="v1",
        description="One vector for each detected face.",
        inputs=("image", "video", "pdf"),
        category="face",
        vectors=(
            _dense(
                "face_identity_extractor_v1_embedding",
                512,
                "face_identity_arcface_r100_v1",
            ),
        ),
    ),
    Extractor(
        name="document_graph_extractor",
        version="v1",
        description="Text blocks of PDFs with their place in the document.",
        inputs=("pdf",),
        category="document",
        vectors=(_dense("document_graph_extractor_v1_text_embedding", 1024, E5),),
    ),
    Extractor(
        name="audio_fingerprint_extractor",
        version="v1",
        description="Embeddings of how a recording sounds.",
        inputs=("audio", "video"),
        category="audio",
        vectors=(
            _dense(
                "audio_fingerprint_extractor_v1_embedding",
                512,
                "laion__clap_htsat_tiny",
            ),
        ),
    ),
    Extractor(
        name="gemini_multifile_extractor",
        version="v1",
        description="One vector for several files together.",
        inputs=("image", "video", "audio", "pdf", "text"),
        category="multimodal",
        vectors=(_dense("gemini_multifile_extractor_v1_embedding", 3072, GEMINI),),
        defaults={"output_dimensionality": 3072},
        sized_by={"output_dimensionality": ANY_SIZE},
        resized=("gemini_multifile_extractor_v1_embedding",),
    ),
    Extractor(
        name="universal_extractor",
        version="v1",
        description="One vector for a file of any kind.",
        inputs=("image", "video", "audio", "pdf", "text"),
        category="multimodal",
        vectors=(_dense("universal_extractor_v1_embedding", 3072, GEMINI),),
        defaults={"output_dimensionality": 3072},
        sized_by={"output_dimensionality": ANY_SIZE},
        resized=("universal_extractor_v1_embedding",),
    ),
    Extractor(
        name="web_scraper",
        version="v1",
        description="Text, code, images and layout of web pages.",
        inputs=("url",),
        category="web",
        vectors=(
            _dense(_E5_NAME, 1024, _E5_NAME),
            _dense(_JINA_NAME, 768, _JINA_NAME),
            _dense(_SIGLIP_NAME, 768, _SIGLIP_NAME),
            _dense(_DINO_NAME, 768, _DINO_NAME),
        ),
    ),
    Extractor(
        name="course_content_extractor",
        version="v1",
        description="Lectures, slides and code of a course.",
        inputs=("video", "srt", "pdf", "archive"),
        category="corpus",
        vectors=(
            _dense(_E5_NAME, 1024, None),
            _dense(_JINA_NAME, 768, None),
            _dense(_SIGLIP_NAME, 768, "google_siglip_base_v1"),
        ),
    ),
    Extractor(
        name="passthrough_extractor",
        version="v1",
        description="Keeps fields as they are; makes no vector.",
        inputs=("any",),
        category="utility",
    ),
    Extractor(
        name="scrolling_text_extractor",
        version="v1",
        description="Reads scrolling text in videos; makes no vector.",
        inputs=("video",),
        category="video",
    ),
)
