"""Content that is certainly no tool call: text, thinking, media, citations, and the results of calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seatrial.checks.call_forms import kind_of

SILENT_TYPES = frozenset(
    {"text", "output_text", "input_text", "text-plain", "refusal", "citation", "citations", "json"}
    | {"thinking", "redacted_thinking", "reasoning", "reasoning_content", "reasoning_text", "summary_text"}
    | {"image", "image_url", "input_image", "audio", "input_audio", "video", "video_url", "media"}
    | {"file", "input_file", "document", "document_url", "search_result", "container_upload", "resource_link"}
    | {"compaction", "fallback", "tool_reference", "tool_addition", "tool_removal", "additional_tools"}
    | {"mcp_list_tools", "mcp_tool_listing", "mcp_approval_response", "system-prompt", "user-prompt"}
    | {"tool-error", "retry-prompt", "tool-return", "builtin-tool-return", "step-start", "source", "source-url"}
    | {"source-document", "non_standard_annotation", "cachePoint", "guard_content", "resource"}
    | {"reasoning_item", "tool_call_output_item", "handoff_output_item", "mcp_list_tools_item"}
)
"""Types of blocks, of every provider."""

RESULT_ENDINGS = ("_result", "-result", "_output", "-output", "_result_error", "_return", "-return")
"""`tool_result`, `function_call_output`, `web_search_tool_result` ...: what a tool said, whatever it looks like."""

SILENT_KEYS = frozenset(
    {"thoughtSignature", "thought_signature", "inlineData", "inline_data", "fileData", "file_data"}
    | {"functionResponse", "function_response", "codeExecutionResult", "code_execution_result"}
    | {"videoMetadata", "video_metadata", "mediaResolution", "media_resolution", "toolResponse", "tool_response"}
    | {"toolResult", "tool_result", "tool_call_result", "reasoningContent", "guardContent", "cachePoint"}
    | {"citationsContent", "searchResult"}
)
"""Keys of blocks that give no type: Gemini, Bedrock Converse, Haystack."""

SILENT_WORDS = frozenset({"text", "thought", "reasoning", "refusal", "image", "document", "video", "audio"})
"""The same, but these could be names of tools in `{"image": {...}}`: outside of content they hold no object."""


def is_silent(block: Mapping[str, Any], *, alone: bool = False) -> bool:
    """Whether a block is known to hold no call; `alone` means that it does not stand in the content of a message."""
    kind = kind_of(block)
    if kind is None:
        there = {key: value for key, value in block.items() if value is not None}
        return _is_definition(block) or (
            bool(there)
            and all(
                key in SILENT_KEYS or (key in SILENT_WORDS and not (alone and isinstance(value, Mapping)))
                for key, value in there.items()
            )
        )
    if "role" in block:  # a message
        return False
    if kind.startswith("data-"):  # Vercel AI SDK
        return True
    return kind in SILENT_TYPES or kind.endswith(RESULT_ENDINGS) or _is_definition(block)


def _is_definition(block: Mapping[str, Any]) -> bool:
    """Whether it says what a tool is, and does not call it."""
    tool = block["function"] if isinstance(block.get("function"), Mapping) else block
    if any(key in tool for key in ("args", "arguments", "input")) or not isinstance(tool.get("name"), str):
        return False
    schema = tool.get("parameters")
    return (isinstance(schema, Mapping) and "properties" in schema) or "input_schema" in tool or "inputSchema" in tool
