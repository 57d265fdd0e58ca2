"""Words of an event as a request may say them: the contract is for ever and reads what was once written, the edge is narrower."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import core_schema


@dataclass(frozen=True)
class Narrow:
    """On a model of the contracts: what comes in has to fit `to`, a subclass with limits; the value is the contract's own."""

    to: type[BaseModel]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        contract: type[BaseModel] = source

        def widened(value: BaseModel) -> BaseModel:
            return contract.model_construct(
                value.model_fields_set, **{name: getattr(value, name) for name in contract.model_fields}
            )

        def plain(value: object) -> object:
            return value.model_dump(exclude_unset=True) if isinstance(value, contract) else value

        as_contract = core_schema.wrap_serializer_function_ser_schema(
            lambda value, serialize: serialize(value), schema=handler(source)
        )
        narrow = core_schema.no_info_before_validator_function(plain, handler.generate_schema(self.to))
        return core_schema.no_info_after_validator_function(widened, narrow, serialization=as_contract)
