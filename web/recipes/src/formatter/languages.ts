// The languages, as in velveteen/recipes/formatter/languages.py: a further one is a row here, and its grammar.

/** What must be told of a language; everything else is learned. */
export interface Language {
  name: string;
  /** The file of its grammar, without .wasm. */
  grammar: string;
  /** Kinds of nodes that stay as they are, letter for letter. */
  verbatim: Set<string>;
  comments: Set<string>;
  /** Kinds of nodes whose parts have white space between them, which means something. */
  spaced: Set<string>;
  /** Whether the end of a line outside of brackets is a sign of the language, and indentation another. */
  linesMatter: boolean;
  /** Kinds of nodes that the end of a line ends where no semicolon does. */
  ended: string[];
  /** Kinds of nodes and the signs beside which white space in them means nothing ("": in all nodes). */
  free: [string, string][];
  /** Kinds of nodes that make one chain, nested in each other, as those of one kind do. */
  alike: string[];
}

function language(name: string, told: Partial<Language> = {}): [string, Language] {
  const usual = { grammar: `tree-sitter-${name}`, verbatim: new Set<string>(), comments: new Set(["comment"]), spaced: new Set<string>(), linesMatter: false, ended: [], free: [], alike: [] };
  return [name, { name, ...usual, ...told }];
}

const script: Partial<Language> = {
  verbatim: new Set(["string", "template_string", "regex", "jsx_text", "html_comment", "hash_bang_line", "template_literal_type"]),
  comments: new Set(["comment", "html_comment", "hash_bang_line"]),
  ended: [
    "abstract_method_signature", "break_statement", "call_signature", "construct_signature", "continue_statement", "debugger_statement",
    "export_statement", "expression_statement", "field_definition", "function_signature", "import_alias", "import_statement",
    "index_signature", "lexical_declaration", "method_signature", "property_signature", "public_field_definition", "return_statement",
    "throw_statement", "type_alias_declaration", "variable_declaration",
  ],
};

export const LANGUAGES: ReadonlyMap<string, Language> = new Map([
  language("javascript", script),
  language("typescript", script),
  language("tsx", script),
  language("css", {
    verbatim: new Set(["string_value", "integer_value", "float_value", "color_value"]),
    spaced: new Set(["descendant_selector"]),
    alike: [
      "adjacent_sibling_selector", "attribute_selector", "child_selector", "class_selector", "descendant_selector", "id_selector",
      "namespace_selector", "pseudo_class_selector", "pseudo_element_selector", "sibling_selector",
    ],
    free: [["", "{};,!>~="], ["declaration", ":"], ["feature_query", ":"], ["adjacent_sibling_selector", "+"]],
  }),
  language("json", { verbatim: new Set(["string"]) }),
  language("python", { verbatim: new Set(["string"]), linesMatter: true }),
  language("go", { verbatim: new Set(["interpreted_string_literal", "raw_string_literal", "rune_literal"]) }),
]);
