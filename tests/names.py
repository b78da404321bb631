"""What names code may give: for the rules of the package and of the notebooks."""

import ast
import builtins

# The field has its own words: predicted, weights, active, hypothesis, …
PRIVATE_NAMES = {"said", "looks", "going", "one", "ours", "theirs"}
BUILTINS = {name for name in dir(builtins) if not name.startswith("_")}


def named(node: ast.AST) -> list[str]:
    """The names that a piece of code gives to something."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
            return [name]
        case ast.Attribute(attr=name, ctx=ast.Store()):
            return [name]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.alias(name=name, asname=None):
            return [name.partition(".")[0]]
        case ast.alias(asname=str(name)):
            return [name]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return [name]
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return names
    return []
