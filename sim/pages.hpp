// Answers that are no attempts: the models, the balance, the vectors of embeddings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/chat_request.hpp"

namespace dujiang::sim {

std::string models_page(const std::vector<std::string>& models);
std::string model_object(std::string_view model);
std::string balance_page();

// Each vector has length 1 and is a function of its input and the number of dimensions.
std::string embeddings_page(const EmbeddingsRequest& request);

}  // namespace dujiang::sim
