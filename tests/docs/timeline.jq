# SPDX-License-Identifier: Apache-2.0
# The parts of relight-timeline(5) that the JSON Schema of a line tells: jq -r --arg part line|values|kinds -f timeline.jq.
# A line that begins with a dot or an apostrophe would be a request of mdoc, a backslash an escape.
. as $schema
| def text: gsub("\\\\"; "\\e") | gsub("(?<end>[a-z0-9])[.] (?<next>[A-Z])"; "\(.end).\n\(.next)") | if test("^[.']") then "\\&" + . else . end;
def name: sub("^#/\\$defs/"; "");
def type:
	if has("$ref") then (.["$ref"] | name) as $name | ($schema["$defs"][$name].title // $name)
	elif has("enum") then .enum | join(" | ")
	elif has("const") then .const | tostring
	elif has("anyOf") then [.anyOf[] | type | select(. != "blob")] | join(" or ")
	elif .type == "array" then "list of " + (.items | type)
	else .type end;
def rows($required):
	to_entries[]
	| .key as $key
	| ".It Va \($key)" + (if any($required[]; . == $key) then "" else "?" end) + " Pq \(.value | type | text)",
	  (.value.description | text);
def table($required): ".Bl -tag -compact -width Ds -offset 2n", rows($required), ".El";
if $part == "line" then
	".Bl -tag -width Ds", (.properties | rows($schema.required)), ".El"
elif $part == "values" then
	".Bl -tag -width Ds",
	(.["$defs"] | to_entries[] | .key as $key
	| select(.value | has("properties"))
	| select(any($schema.allOf[]; .if.properties.kind.const == $key) | not)
	| ".It Em \($key)", (.value.description | text), (.value.required // []) as $required
	| (.value.properties | table($required))),
	".El"
else
	".Bl -tag -width Ds",
	(.allOf[].if.properties.kind.const as $kind | .["$defs"][$kind]
	| ".It Cm \($kind)", (.description | text),
	  (if .properties == {} then empty else (.required // []) as $required | (.properties | table($required)) end)),
	".El"
end
