"""The configuration of a namespace as the text that people keep in files."""

from pydantic import BaseModel, ConfigDict, Field

from nsadmin.namespaces.schema import yaml_text


class ConfigurationText(BaseModel):
    """The settings of a namespace as YAML, without secrets and counts."""

    config: str


class ConfigurationRequest(BaseModel):
    """The text to apply; a section that it leaves out stays as it is."""

    model_config = ConfigDict(extra="forbid", strict=True)

    config: str = Field(
        min_length=1,
        max_length=yaml_text.MAX_BYTES,
        description="YAML that begins with `schema: nsadmin/namespace/v1`.",
    )
