"""What comes from training in a notebook: followed through the names it gives, from cell to cell."""

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

# What trains, by the last part of its name.
TRAINING = {
    *("fit", "train_epoch", "train_pairs", "train_by_recipe", "optimizer.step"),
    *("train", "train_on", "train_on_numbers", "train_on_sentences", "perform"),
    *("run_sound", "run_with"),
}
# As the name of a module's function: `splits.train` are pairs, and `model.train()` sets a mode.
OF_MODULES = {"train"}
# What trains its first argument, so that a name is enough to have the trained model.
IN_PLACE = {"fit", "train_epoch", "train_pairs", "train_by_recipe"}
MUTATORS = {"append", "extend", "insert", "add", "update", "setdefault", "load_state_dict"}
# What training does not change: the code of a function, the sizes of a model, what is made from the data.
UNCHANGED_CALLS = {"getsource", "print_source", "count_parameters"}
UNCHANGED_PARTS = {"codecs", "source_codec", "target_codec"}

Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


class Use(NamedTuple):
    """A name of what trains, or of what comes from it; where it is only mentioned, nothing happens."""

    name: str
    trains: bool
    only_mentioned: bool = False


def uses_of_training(cells: Iterable[ast.Module]) -> list[list[Use]]:
    """For each cell, in the order in which they run, the uses of what trains and of what comes from it."""
    trees = list(cells)
    notebook = _Notebook(trees)
    return [
        [use for use in dict.fromkeys(notebook.run(tree.body)) if not use.only_mentioned] for tree in trees
    ]


class _Notebook:
    """The names of a notebook that come from training, after the cells that have run."""

    def __init__(self, trees: list[ast.Module]) -> None:
        nodes = [node for tree in trees for node in ast.walk(tree)]
        self.imported = {
            (alias.asname or alias.name).partition(".")[0]
            for node in nodes
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        self.functions = {node.name: node for node in nodes if isinstance(node, ast.FunctionDef)}
        self.trained: set[str] = set()
        self.made_from: dict[str, str] = {}  # an optimizer, from what is its first argument
        self.looked_into: list[str] = []  # functions, against those that call each other

    # --- Statements

    def run(self, statements: Iterable[ast.stmt]) -> Iterator[Use]:
        for statement in statements:
            yield from self.run_one(statement)

    def run_one(self, statement: ast.stmt) -> Iterator[Use]:
        match statement:
            case ast.FunctionDef(name=name):
                self.functions[name] = statement
                self.trained.discard(name)
            case ast.Try(handlers=[_, *_]):  # what is tried must fail here, or it would not be shown
                for handler in statement.handlers:
                    yield from self.run(handler.body)
                yield from self.run([*statement.orelse, *statement.finalbody])
            case ast.If():
                yield from self.evaluate(statement.test)
                before = set(self.trained)
                yield from self.run(statement.body)
                after, self.trained = self.trained, before
                yield from self.run(statement.orelse)
                self.trained |= after
            case ast.For():
                yield from self.loop(statement)
            case ast.With():
                for item in statement.items:
                    yield from self.assign([item.optional_vars], item.context_expr)
                yield from self.run(statement.body)
            case ast.Assign():
                yield from self.assign(statement.targets, statement.value)
            case ast.AnnAssign(value=ast.expr()):
                yield from self.assign([statement.target], statement.value)
            case ast.AugAssign():
                yield from self.evaluate(statement.value)
                if self.is_trained(statement.value):
                    self.trained.update(_roots(statement.target))
            case _:
                for part in ast.iter_child_nodes(statement):
                    yield from self.run_one(part) if isinstance(part, ast.stmt) else self.evaluate(part)

    def loop(self, statement: ast.For) -> Iterator[Use]:
        yield from self.evaluate(statement.iter)
        for target, value in _elements(statement.target, statement.iter):
            self.bind(target, value)
        for _ in range(2):  # what the end of the body assigns, its head uses
            yield from self.run(statement.body)
        if self.trained.intersection(_stored(statement.target)) and not self.is_trained(statement.iter):
            self.trained.update(self.variables(statement.iter))  # what is in it was trained
        yield from self.run(statement.orelse)

    def assign(self, targets: Iterable[ast.expr | None], value: ast.expr) -> Iterator[Use]:
        yield from self.evaluate(value)
        for target in targets:
            if target is not None:
                self.bind(target, value)

    def bind(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            parts = [*value.elts, *[value.elts[-1]] * (len(target.elts) - len(value.elts))]
            for part, its_value in zip(target.elts, parts, strict=False):
                self.bind(part, its_value)
            return
        is_trained = self.is_trained(value)
        for name in _stored(target):  # a name that stands for something else now
            self.trained.discard(name)
        if is_trained:
            self.trained.update(_roots(target))
        if isinstance(target, ast.Name) and isinstance(value, ast.Call) and value.args:
            self.made_from.update((target.id, name) for name in _root(value.args[0]))

    # --- Expressions

    def evaluate(self, expression: ast.AST) -> Iterator[Use]:
        yield from self.uses(expression)
        sources = {
            name: generator.iter
            for node in ast.walk(expression)
            if isinstance(node, Comprehension)
            for generator in node.generators
            for name in _stored(generator.target)
        }
        for call in (node for node in ast.walk(expression) if isinstance(node, ast.Call)):
            for name in self.trained_in_place(call):
                self.trained.update(self.variables(sources[name]) if name in sources else [name])
        for node in ast.walk(expression):
            if isinstance(node, ast.NamedExpr):
                self.bind(node.target, node.value)

    def uses(self, node: ast.AST, hidden: frozenset[str] = frozenset()) -> Iterator[Use]:
        """What trains in an expression, or comes from training; `hidden` are names with another meaning."""
        match node:
            case ast.Call(func=function) if _last(function) in UNCHANGED_CALLS:
                return
            case ast.Call():
                handed_on = [node.func, *node.args, *(keyword.value for keyword in node.keywords)]
                for part in handed_on:
                    yield from (use._replace(only_mentioned=False) for use in self.uses(part, hidden))
            case ast.Attribute() if node.attr not in UNCHANGED_PARTS:
                if name := self.training_function(node):
                    yield Use(name, trains=True, only_mentioned=True)
                else:
                    yield from self.uses(node.value, hidden)
            case ast.Name(id=name, ctx=ast.Load()) if name not in hidden:
                if name in self.trained:
                    yield Use(name, trains=False)
                elif self.training_function(node):
                    yield Use(name, trains=True, only_mentioned=True)
                elif name in self.functions:
                    yield from (Use(name, use.trains, use.trains) for use in self.uses_in_function(name))
            case ast.Lambda():
                yield from self.uses(node.body, hidden.union(_arguments(node)))
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                yield from self.uses_in_comprehension(node, hidden)
            case ast.Attribute():
                return
            case _:
                for part in ast.iter_child_nodes(node):
                    yield from self.uses(part, hidden)

    def uses_in_comprehension(self, node: Comprehension, hidden: frozenset[str]) -> Iterator[Use]:
        origins: dict[str, list[Use]] = {}  # of the names that only the comprehension has
        parts = []
        for generator in node.generators:
            yield from (use for use in self.uses(generator.iter, hidden) if use.trains)
            for target, value in _elements(generator.target, generator.iter):
                found = [*self.uses(value, hidden)]
                found += [use for name in _used(value) for use in origins.get(name, [])]
                origins |= dict.fromkeys(_stored(target), found)
            hidden = hidden.union(_stored(generator.target))
            parts += generator.ifs
        parts += [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        for part in parts:
            yield from self.uses(part, hidden)
            for name in _used(part):
                yield from origins.get(name, [])

    def uses_in_function(self, name: str) -> Iterator[Use]:
        """What a function of the notebook uses when it is called now."""
        if name in self.looked_into:
            return
        self.looked_into.append(name)
        function = self.functions[name]
        hidden = frozenset(
            [*_arguments(function), *(each for part in function.body for each in _stored(part))]
        )
        tried = {
            node
            for attempt in ast.walk(function)
            if isinstance(attempt, ast.Try) and attempt.handlers
            for statement in attempt.body
            for node in ast.walk(statement)
        }
        found = [
            use for part in function.body if part not in tried for use in self.uses(part, hidden - {name})
        ]
        self.looked_into.remove(name)
        yield from (use for use in found if not use.only_mentioned)

    def is_trained(self, expression: ast.AST) -> bool:
        return any(True for _ in self.uses(expression))

    def training_function(self, node: ast.AST) -> str:
        """The name of what trains, where this is its name; else nothing."""
        last = _last(node)
        if last not in TRAINING:
            return ""
        if isinstance(node, ast.Name) and (last in self.functions or last not in self.imported):
            return "" if last in OF_MODULES or last in self.functions else last
        return last if last not in OF_MODULES or _module(node) in self.imported else ""

    def trained_in_place(self, call: ast.Call) -> Iterator[str]:
        """The names of what a call trains, or puts something from training into."""
        last = _last(call.func)
        if last == "optimizer.step":
            yield from (self.made_from[name] for name in _root(call.func) if name in self.made_from)
        elif last in MUTATORS and any(map(self.is_trained, call.args)):
            yield from _root(call.func)
        for place, argument in enumerate(call.args):
            if place in self.places_trained(last):
                yield from _root(argument)
                if last == "train_epoch":
                    yield from (self.made_from[name] for name in _root(argument) if name in self.made_from)
        for keyword in call.keywords:
            if keyword.arg == "model" and 0 in self.places_trained(last):
                yield from _root(keyword.value)

    def places_trained(self, name: str) -> set[int]:
        """Which of its arguments a function trains in place."""
        function = self.functions.get(name)
        if function is None or name in self.looked_into:
            return {0} if name in IN_PLACE else set()
        self.looked_into.append(name)
        trained = {
            each
            for node in ast.walk(function)
            if isinstance(node, ast.Call)
            for each in self.trained_in_place(node)
        }
        self.looked_into.remove(name)
        return {place for place, name in enumerate(_arguments(function)) if name in trained}

    def variables(self, expression: ast.AST) -> set[str]:
        names = {node.id for node in ast.walk(expression) if isinstance(node, ast.Name)}
        return names - self.imported - set(self.functions)


def _last(node: ast.AST) -> str:
    text = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return "optimizer.step" if text == "step" and ast.unparse(node).endswith("optimizer.step") else text


def _module(node: ast.AST) -> str:
    """The name that a dotted name begins with: `a` of a.b.c, and nothing of a.b(c).d."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _root(node: ast.AST) -> list[str]:
    """The name that a part of something, or what its method gives, begins with: `a` of a.b[c].d(e)."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred | ast.Call):
        if isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute):
            return []
        node = node.func if isinstance(node, ast.Call) else node.value
    return [node.id] if isinstance(node, ast.Name) else []


def _roots(target: ast.expr) -> list[str]:
    """The names that an assignment changes: `a` and `b` of a, b.c[d] = …"""
    if isinstance(target, ast.Tuple | ast.List):
        return [name for part in target.elts for name in _roots(part)]
    return _root(target)


def _stored(node: ast.AST) -> list[str]:
    return [
        part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    ]


def _used(node: ast.AST) -> Iterator[str]:
    """The names that are used in an expression, but for those that only tell how large something is."""
    if isinstance(node, ast.Call) and _last(node.func) in UNCHANGED_CALLS:
        return
    if isinstance(node, ast.Attribute) and node.attr in UNCHANGED_PARTS:
        return
    if isinstance(node, ast.Name):
        yield node.id
    for part in ast.iter_child_nodes(node):
        yield from _used(part)


def _elements(target: ast.expr, iterable: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What a loop assigns, each with what it comes from: the keys of a dict are no part of its values."""
    if isinstance(target, ast.Tuple) and isinstance(iterable, ast.Call):
        name, given = _last(iterable.func), iterable.args
        if name == "items" and len(target.elts) == 2:
            yield target.elts[0], ast.Constant(None)
            yield target.elts[1], iterable
            return
        if name == "zip" and not any(isinstance(part, ast.Starred) for part in (*target.elts, *given)):
            yield from zip(target.elts, given, strict=False)
            return
    yield target, iterable


def _arguments(function: ast.FunctionDef | ast.Lambda) -> list[str]:
    given = function.args
    others = [argument for argument in (given.vararg, given.kwarg) if argument]
    return [argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs, *others)]
